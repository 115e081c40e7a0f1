#!/usr/bin/env python3
"""Make the reference numbers of images_*.nn with PyTorch, in double precision.

    python3 tests/e2e/fixtures_images.py      # writes images_*.safetensors beside this file"""

import torch
import torch.nn.functional as F

from fixtures import Fixture, numbers, save


# ---- Convolution, and padding before it ----

def convolution():
    f = Fixture("images_convolution", 3, seed=2000)
    s, x, v = f.input("s", 4, 9), f.input("x", 4, 7, 5), f.input("v", 2, 3, 4, 5)
    line, plane = s[:, :2], x[:, :2]

    def conv(name, kind, x, weight, bias=True, transposed=False, **options):
        """The bias has an element for each channel of the result."""
        w = f.param(name + ".w", *weight)
        k = weight[1] * options.get("groups", 1) if transposed else weight[0]
        b = f.param(name + ".b", k) if bias else None
        f.output(name, kind(x, w, b, **options))

    conv("line", F.conv1d, s, (3, 4, 4))
    conv("line_step", F.conv1d, s, (2, 4, 3), stride=3, padding=2)
    conv("line_same", F.conv1d, s, (2, 4, 4), padding="same", dilation=2)
    conv("line_groups", F.conv1d, s, (6, 2, 2), groups=2)
    conv("plane", F.conv2d, x, (3, 4, 3, 2))
    conv("strided", F.conv2d, x, (2, 4, 3, 3), stride=2, padding=1)
    conv("far", F.conv2d, x, (2, 4, 3, 2), padding=2, dilation=2)
    conv("groups", F.conv2d, x, (6, 2, 3, 3), stride=2, padding=1, groups=2)
    conv("depthwise", F.conv2d, x, (4, 1, 3, 3), padding=1, groups=4)
    conv("multiplied", F.conv2d, x, (8, 1, 2, 2), groups=4, bias=False)
    conv("same", F.conv2d, x, (2, 4, 3, 3), padding="same")
    conv("even", F.conv2d, x, (2, 4, 2, 4), padding="same", bias=False)
    conv("pointwise", F.conv2d, x, (5, 4, 1, 1))
    conv("strided_pointwise", F.conv2d, x, (3, 4, 1, 1), stride=2)
    conv("solid", F.conv3d, v, (3, 2, 2, 3, 2))
    conv("solid_step", F.conv3d, v, (4, 1, 3, 3, 3), stride=2, padding=1, groups=2)

    up1, up2 = F.conv_transpose1d, F.conv_transpose2d
    conv("up_line", up1, s, (4, 3, 5), transposed=True, stride=2, padding=1, output_padding=1)
    conv("up_groups", up1, s, (4, 3, 2), transposed=True, stride=3, groups=2, bias=False)
    conv("up_one", up1, s, (4, 2, 3), transposed=True, padding=2)
    conv("up", up2, x, (4, 3, 3, 3), transposed=True, stride=2, padding=1, output_padding=1)
    conv("up_twice", up2, x, (4, 2, 2, 2), transposed=True, stride=2)
    conv("up_wide", up2, x, (4, 1, 3, 4), transposed=True, stride=1, padding=1, groups=4)

    f.output("zero1", F.pad(line, (1, 2), value=0.5), power=3)
    f.output("cut1", F.pad(line, (-2, 1)), power=3)
    f.output("zero2", F.pad(plane, (1, 2, 0, 3)), power=3)
    for mode in "reflect", "replicate", "circular":
        f.output(mode + "1", F.pad(line, (3, 2), mode=mode), power=3)
        f.output(mode + "2", F.pad(plane, (3, 4, 2, 1), mode=mode), power=3)
        conv(mode, F.conv2d, F.pad(x, (1, 1, 1, 1), mode=mode), (2, 4, 3, 3))
    f.save()


# ---- Pooling and resizing ----

def pooling():
    f = Fixture("images_pooling", 3, seed=2200)
    s, x, ties = f.input("s", 2, 11), f.input("x", 2, 7, 6), f.input("ties", 2, 7, 6, whole=True)
    c = f.input("c", 8, 3, 4)

    f.output("max1", F.max_pool1d(s, 3), 3)
    f.output("max1_far", F.max_pool1d(s, 3, 2, 1, dilation=3), 3)
    f.output("max2", F.max_pool2d(x, 2), 3)
    f.output("max2_pad", F.max_pool2d(x, 3, 2, 1), 3)
    f.output("max2_ties", F.max_pool2d(ties, 3, 1, 1), 3)
    f.output("max2_far", F.max_pool2d(ties, 2, 1, dilation=3), 3)
    f.output("avg1", F.avg_pool1d(s, 4, 3, 2), 3)
    f.output("avg1_inside", F.avg_pool1d(s, 4, 3, 2, count_include_pad=False), 3)
    f.output("avg2", F.avg_pool2d(x, 3, 2, 1), 3)
    f.output("avg2_inside", F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), 3)
    f.output("lp1", F.lp_pool1d(s, 2, 3, 2))
    f.output("lp2", F.lp_pool2d(x, 4, 2))
    f.output("all_avg", F.adaptive_avg_pool2d(x, 1).flatten(1), 3)
    f.output("all_max", F.adaptive_max_pool2d(ties, 1).flatten(1), 3)
    f.output("all_max1", F.adaptive_max_pool1d(s, 1).flatten(1), 3)
    f.output("some_avg1", F.adaptive_avg_pool1d(s, 4), 3)
    f.output("some_avg1_more", F.adaptive_avg_pool1d(s, 17), 3)
    f.output("some_max1", F.adaptive_max_pool1d(s, 4), 3)
    f.output("some_avg2", F.adaptive_avg_pool2d(x, (3, 4)), 3)
    f.output("some_max2", F.adaptive_max_pool2d(ties, (3, 4)), 3)

    f.output("near1", F.interpolate(s, scale_factor=3, mode="nearest"), 3)
    f.output("near2", F.interpolate(x, scale_factor=2, mode="nearest"), 3)
    linear = dict(mode="linear"), dict(mode="linear", align_corners=True)
    bilinear = dict(mode="bilinear"), dict(mode="bilinear", align_corners=True)
    f.output("linear_", F.interpolate(s, 22, **linear[0]), 3)
    f.output("linear_less", F.interpolate(s, 4, **linear[0]), 3)
    f.output("linear_corners", F.interpolate(s, 17, **linear[1]), 3)
    f.output("bilinear", F.interpolate(x, (21, 18), **bilinear[0]), 3)
    f.output("bilinear_even", F.interpolate(x, (14, 12), **bilinear[0]), 3)
    f.output("bilinear_corners", F.interpolate(x, (14, 5), **bilinear[1]), 3)
    f.output("shuffle", F.pixel_shuffle(c, 2), 3)
    f.output("unshuffle", F.pixel_unshuffle(x[:, :, :6], 3), 3)
    f.save()


# ---- Normalization ----

def normalization():
    """Batch norm three ways: while training, with running statistics, and these after updates."""
    f = Fixture("images_normalization", 5, seed=2400)
    v, s, x, c = f.input("v", 3), f.input("s", 3, 7), f.input("x", 3, 2, 5), f.input("c", 6, 5)
    for name, channels in ("bn0", 3), ("bn1", 3), ("bn2", 3), ("gn", 6), ("in_", 6), ("gn2", 3):
        f.param(name + ".g", channels)
        f.param(name + ".b", channels)
    states = {}
    for name in "bn0", "bn1", "bn2":
        states[name + ".mean"] = numbers(3, seed=next(f.seed))
        states[name + ".var"] = numbers(3, seed=next(f.seed), low=0.5, high=2)
    p = f.params

    def batch(name, x, training, momentum=0.1, eps=1e-5):
        y = F.batch_norm(x, states[name + ".mean"], states[name + ".var"], p[name + ".g"],
                         p[name + ".b"], training, momentum, eps)
        f.output(name, y, 3)

    def run(training):
        batch("bn0", v, training)
        batch("bn1", s, training, momentum=0.3)
        batch("bn2", x, training, eps=0.01)
        f.output("gn", F.group_norm(c, 3, p["gn.g"], p["gn.b"]), 3)
        f.output("gn2", F.group_norm(x, 1, p["gn2.g"], p["gn2.b"]), 3)
        f.output("in_", F.instance_norm(c, weight=p["in_.g"], bias=p["in_.b"]), 3)
        f.output("in1", F.instance_norm(s), 3)
        f.output("in2", F.instance_norm(x, eps=0.1), 3)
        f.output("lrn", F.local_response_norm(c, 3, alpha=0.5), 3)
        f.output("lrn2", F.local_response_norm(x, 4, alpha=1, beta=0.5, k=2), 3)
        f.output("still", F.dropout2d(x, 0.3, training=False) if not training else x, 3)
        return f.results()

    save(f.name + ".params", p | states)
    save(f.name + ".in", f.inputs)
    save(f.name + ".eval", run(False))
    kept = {k: t.clone() for k, t in states.items()}
    save(f.name + ".out", run(True))
    states.update({k: t.clone() for k, t in kept.items()})
    after, optimizer = {}, torch.optim.SGD(list(p.values()), lr=0.01)
    for step in 1, 2, 3:
        grads = run(True)
        for k, t in p.items():
            t.grad = grads["grad." + k]
        optimizer.step()
        optimizer.zero_grad()
        after |= {f"{step}.{k}": t.detach().clone() for k, t in (p | states).items()}
    save(f.name + ".step", after)


# ---- One-hot, concatenation and the like ----

def shapes():
    f = Fixture("images_shapes", 3, seed=2600)
    x, z, t = f.input("x", 2, 3, 5), f.input("z", 4, 3, 5), f.index("t", 3, below=5)
    hot = F.one_hot(t, 5).double()
    f.output("hot", hot)
    f.output("last", torch.cat((x, x.flip(-1) ** 2), -1), 3)
    f.output("first", torch.cat((x, z), 1), 3)
    f.output("so_far", x.cumsum(-1), 3)
    f.output("back", z.flip(-1), 3)
    f.output("picked", (hot * x[:, 0]).sum(-1), 3)
    f.output("stacked", torch.stack((x[:, 0], z[:, 1]), 1), 3)
    f.output("part", z[:, 1:3], 3)
    f.output("masked", x.masked_fill(torch.ones(3, 5).triu(1).bool(), 0), 3)
    f.output("gathered", z.gather(3, t[:, None, :, None].expand(-1, 4, -1, 1))[..., 0], 3)
    f.output("rolled", z.roll(2, -1), 3)
    f.output("turned", z.transpose(1, 3), 3)
    f.save()


if __name__ == "__main__":
    convolution()
    pooling()
    normalization()
    shapes()
