"""Wire formats: the same problems, results, infos and errors as protobuf and as JSON."""
