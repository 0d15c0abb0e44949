#!/usr/bin/env bash
# The service by curl, with arrays as bytes both ways: JSON first, what it tells of behind it.
#
#     docs/examples/curl_binary.sh http://localhost:8080
#
# Prints the loss of three rows, and their gradient as od reads it from the answer.
set -euo pipefail
target=${1:-http://localhost:8080}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

json='{
  "inputs": [
    {"name": "scores", "datatype": "FP32", "shape": [3, 3], "parameters": {"binary_data_size": 36}},
    {"name": "labels", "datatype": "UINT8", "shape": [3], "parameters": {"binary_data_size": 3}}
  ],
  "outputs": [{"name": "loss"}, {"name": "dscores", "parameters": {"binary_data": true}}]
}'
one='\x00\x00\x80\x3f' two='\x00\x00\x00\x40' three='\x00\x00\x40\x40' five='\x00\x00\xa0\x40'
eight='\x00\x00\x00\x41' nine='\x00\x00\x10\x41' zero='\x00\x00\x00\x00'
scores="$eight$one$one$zero$nine$one$two$three$five"
labels='\x00\x01\x02'

{ printf '%s' "$json"; printf '%b' "$scores$labels"; } >"$folder/body"
curl --silent --show-error --fail-with-body \
    --header "inference-header-content-length: ${#json}" \
    --header 'content-type: application/octet-stream' \
    --data-binary @"$folder/body" --dump-header "$folder/headers" --output "$folder/answer" \
    "$target/v2/models/softmax_loss/infer" || { cat "$folder/answer"; exit 1; }

length=$(sed -n 's/^inference-header-content-length: *\([0-9]*\).*/\1/pI' "$folder/headers")
head -c "$length" "$folder/answer"
echo
tail -c +$((length + 1)) "$folder/answer" | od --address-radix=n --format=f4 --width=12
