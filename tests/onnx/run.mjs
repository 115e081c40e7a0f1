// Runs the ONNX that a trainer exports, and compares it with what the trainer predicts.
//
//   node run.mjs FOLDER      FOLDER/m is the trainer; onnxruntime-web is found by NODE_PATH
//
// Inputs are drawn here, parameters are those after one step on them, and the outputs of both may
// differ by 1e-5 of the greater of 1 and their size.
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const ort = createRequire(import.meta.url)("onnxruntime-web");
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";
const folder = process.argv[2], m = folder + "/m";
const kind = {
    F32: ["float32", Float32Array], F64: ["float64", Float64Array],
    U8: ["uint8", Uint8Array], I32: ["int32", Int32Array],
};

let seed = 12345;
function draw() {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
}

// Inputs as `info` lists them: "  image  (28, 28)  784  U8, index < 10".
function inputs(info, rows) {
    const list = info.match(/^inputs:\n((?:  .*\n)+)/m)[1];
    return list.trimEnd().split("\n").map((line) => {
        const [, name, dims, type, bound] =
            line.match(/^ +(\S+) +\(([^)]*)\) +\d+ +(\w+)(?:, index < (\d+))?/);
        const shape = [rows, ...dims.split(",").filter((d) => d.trim()).map(Number)];
        const data = new kind[type][1](shape.reduce((a, b) => a * b, 1));
        for (let i = 0; i < data.length; i++)
            data[i] = type === "I32" ? draw() * (bound ?? 100) : type === "U8" ? draw() * 256
                                                               : draw() * 2 - 1;
        return { name, type, shape, data };
    });
}

function writeSafetensors(path, tensors) {
    const header = {};
    let at = 0;
    for (const t of tensors) {
        header[t.name] = { dtype: t.type, shape: t.shape,
                           data_offsets: [at, at += t.data.byteLength] };
    }
    let text = JSON.stringify(header);
    text += " ".repeat((8 - (text.length % 8)) % 8);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(path, Buffer.concat([length, Buffer.from(text),
        ...tensors.map((t) => Buffer.from(t.data.buffer))]));
}

function readSafetensors(path) {
    const b = readFileSync(path), n = Number(b.readBigUInt64LE(0)), all = {};
    for (const [name, t] of Object.entries(JSON.parse(b.subarray(8, 8 + n))))
        if (name !== "__metadata__")
            all[name] = new kind[t.dtype][1](
                b.buffer.slice(b.byteOffset + 8 + n + t.data_offsets[0],
                               b.byteOffset + 8 + n + t.data_offsets[1]));
    return all;
}

const info = execFileSync(m, ["info"], { encoding: "utf8" });
const rows = Math.max(1, Math.min(5, Number(info.match(/batch (\d+)/)[1]) - 1));
const given = inputs(info, rows), file = (name) => `${folder}/${name}`;
writeSafetensors(file("in.safetensors"), given);
const p = process.argv[3] ?? file("p.safetensors");
if (!process.argv[3])
    execFileSync(m, ["step", "-i", file("in.safetensors"), "-o", p, "--seed", "3"]);
execFileSync(m, ["export", "-p", p, "-o", file("m.onnx")]);
execFileSync(m, ["predict", "-i", file("in.safetensors"), "-p", p, "-o",
                 file("want.safetensors")]);

const session = await ort.InferenceSession.create(readFileSync(file("m.onnx")));
const feeds = {};
for (const t of given)
    if (session.inputNames.includes(t.name))
        feeds[t.name] = new ort.Tensor(kind[t.type][0], t.data, t.shape);
const found = await session.run(feeds), want = readSafetensors(file("want.safetensors"));
let worst = 0;
for (const [name, x] of Object.entries(want)) {
    const y = found[name] ?? found[name + ":out"];
    if (y.data.length !== x.length)
        throw new Error(`${name}: ${y.dims}, not ${x.length} numbers`);
    for (let i = 0; i < x.length; i++) {
        const off = x[i] === y.data[i] ? 0
            : Math.abs(x[i] - y.data[i]) / Math.max(1, Math.abs(x[i]));
        worst = off > worst || Number.isNaN(off) ? off : worst;
    }
}
console.log(`${Object.keys(want).join(" ")}: ${worst}`);
process.exit(worst <= 1e-5 ? 0 : 1);
