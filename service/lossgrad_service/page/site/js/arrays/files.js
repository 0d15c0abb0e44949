// Files that somebody drops or opens: .npz, .npy and JSON.

import { fromJson } from "../numbers.js";
import { fromNpy } from "./npy.js";
import { unzip } from "./zip.js";

/** The document in a file: arrays by name; what one .npy holds is called `alone`. */
export async function readFile(file, alone = "scores") {
  if (file.name.endsWith(".npz")) return fromNpz(await file.arrayBuffer());
  if (file.name.endsWith(".npy")) return { [alone]: fromNpy(new Uint8Array(await file.arrayBuffer())) };
  return fromJson(await file.text(), file.name);
}

async function fromNpz(buffer) {
  const members = await unzip(buffer);
  return Object.fromEntries(
    Array.from(members, ([name, bytes]) => [name.replace(/\.npy$/, ""), fromNpy(bytes)]));
}
