"""What the scripts that make fixtures share: files, numbers, and the run of one model.

A fixture NAME is the program NAME.nn; NAME.in and NAME.params.safetensors, what it is given;
NAME.out.safetensors, everything that `grad` must then write; optionally NAME.eval, the same
when not training, and NAME.step, parameters and states after updates."""

import json
import os
import struct

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
torch.set_default_dtype(torch.float64)


def save(name, tensors):
    """Write a safetensors file: length of the header, header, little-endian numbers."""
    header, raw = {}, b""
    for key, t in tensors.items():
        t = torch.as_tensor(t).detach().contiguous()
        kind, letter = ("F64", "d") if t.is_floating_point() else ("I64", "q")
        numbers = struct.pack(f"<{t.numel()}{letter}", *t.flatten().tolist())
        header[key] = {"dtype": kind, "shape": list(t.shape),
                       "data_offsets": [len(raw), len(raw) + len(numbers)]}
        raw += numbers
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(HERE, name + ".safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + raw)


def numbers(*shape, seed, low=-1.0, high=1.0):
    """Uniform numbers that short decimals represent, so that nothing depends on a library."""
    g = torch.Generator().manual_seed(seed)
    grid = torch.randint(0, 4097, shape, generator=g).double() / 4096
    return low + (high - low) * grid
