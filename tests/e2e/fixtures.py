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


class Fixture:
    """One program with many configurations: each gives an output, and the loss is the mean over
    the examples of what `power` of all outputs adds up to."""

    def __init__(self, name, examples, seed):
        self.name, self.examples, self.seed = name, examples, iter(range(seed, seed + 1000))
        self.params, self.inputs, self.outputs, self.loss = {}, {}, {}, 0

    def input(self, name, *shape, low=-2.0, high=2.0, whole=False):
        """Real numbers; whole ones are full of ties."""
        x = numbers(self.examples, *shape, seed=next(self.seed), low=low, high=high)
        self.inputs[name] = (x.round() if whole else x).requires_grad_()
        return self.inputs[name]

    def index(self, name, *shape, below):
        g = torch.Generator().manual_seed(next(self.seed))
        self.inputs[name] = torch.randint(0, below, (self.examples, *shape), generator=g)
        return self.inputs[name]

    def param(self, name, *shape):
        self.params[name] = numbers(*shape, seed=next(self.seed)).requires_grad_()
        return self.params[name]

    def output(self, name, y, power=2):
        self.outputs[name] = y
        self.loss = self.loss + (y ** power).sum() / self.examples

    def results(self):
        """Loss, outputs and gradients; gradients are cleared for another run."""
        self.loss.backward()
        leaves = {k: v for k, v in (self.inputs | self.params).items() if v.requires_grad}
        grads = {"grad." + k: v.grad for k, v in leaves.items()}
        for v in leaves.values():
            v.grad = None
        results = self.outputs | {"loss": self.loss} | grads
        self.outputs, self.loss = {}, 0
        return results

    def save(self):
        if self.params:
            save(self.name + ".params", self.params)
        save(self.name + ".in", self.inputs)
        save(self.name + ".out", self.results())
