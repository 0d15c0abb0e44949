// The members of a ZIP archive, stored or deflated, as NumPy writes them.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;
const END_BYTES = 22;
const WIDE = 0xffffffff;

/** Members of an archive: a map from names to bytes. */
export async function unzip(buffer) {
  const view = new DataView(buffer);
  const members = new Map();
  for (const { name, at, method, size } of entriesOf(view)) {
    members.set(name, await contents(new Uint8Array(buffer, startOf(view, at), size), method));
  }
  return members;
}

function* entriesOf(view) {
  const end = endOf(view);
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== ENTRY) throw new TypeError("the archive's list of files is broken");
    const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    yield entryAt(view, at, lengths[0]);
    at += lengths.reduce((sum, length) => sum + length, 46);
  }
}

function endOf(view) {
  for (let at = view.byteLength - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw new TypeError("this is no .npz file: it has no end-of-archive record");
}

function entryAt(view, at, nameLength) {
  const size = view.getUint32(at + 20, true);
  if (size === WIDE) throw new RangeError("an array of 4 GiB or more is too much for a page");
  return {
    name: new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameLength)),
    method: view.getUint16(at + 10, true),
    at: view.getUint32(at + 42, true),
    size,
  };
}

function startOf(view, at) {
  return at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
}

async function contents(bytes, method) {
  if (method === STORED) return bytes.slice();
  if (method !== DEFLATED) throw new TypeError(`compression method ${method} is not one of NumPy's`);
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}
