#!/usr/bin/env python3
"""Make the reference numbers of the end-to-end tests with PyTorch, in double precision.

    python3 tests/e2e/make_fixtures.py        # writes *.safetensors beside this file

PyTorch 2.6 made the ones in the tree. The tests themselves need no Python: they build the .nn
file of the same name with --real f64, run it on NAME.in.safetensors and compare with
NAME.out.safetensors."""

import torch
import torch.nn.functional as F

from fixtures import numbers, save

# ---- A network of two layers, its gradients, and every optimizer ----

IN, HIDDEN, CLASSES, BATCH = 5, 7, 3, 6


def network():
    return {"u.W": numbers(HIDDEN, IN, seed=1), "u.b": numbers(HIDDEN, seed=2, low=-.1, high=.1),
            "z.W": numbers(CLASSES, HIDDEN, seed=3),
            "z.b": numbers(CLASSES, seed=4, low=-.1, high=.1)}


def examples():
    return {"x": numbers(BATCH, IN, seed=5, low=-2, high=2), "t": torch.tensor([0, 2, 1, 1, 0, 2])}


def logits(p, x):
    return F.linear(torch.tanh(F.linear(x, p["u.W"], p["u.b"])), p["z.W"], p["z.b"])


def mlp():
    p = {k: v.requires_grad_() for k, v in network().items()}
    e = examples()
    x = e["x"].clone().requires_grad_()
    z = logits(p, x)
    loss = F.cross_entropy(z, e["t"])
    loss.backward()
    save("mlp.params", network())
    save("mlp.in", examples())
    accuracy = (z.argmax(1) == e["t"]).double().mean()
    save("mlp.out", {"loss": loss, "z": z, "accuracy": accuracy, "grad.x": x.grad}
         | {"grad." + k: v.grad for k, v in p.items()})


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2; PyTorch has none."""

    def __init__(self, params, lr, betas, weight_decay):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = b1 * m + (1 - b1) * p.grad
                p -= group["lr"] * (torch.sign(c) + group["weight_decay"] * p)
                self.state[p]["m"] = b2 * m + (1 - b2) * p.grad


class Lamb(torch.optim.Optimizer):
    """You et al. 2020, algorithm 2, a whole parameter being a layer; PyTorch has none."""

    def __init__(self, params, lr, weight_decay):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                s = self.state[p]
                s["t"] = s.get("t", 0) + 1
                s["m"] = 0.9 * s.get("m", 0) + 0.1 * p.grad
                s["v"] = 0.999 * s.get("v", 0) + 0.001 * p.grad ** 2
                m, v = s["m"] / (1 - 0.9 ** s["t"]), s["v"] / (1 - 0.999 ** s["t"])
                d = m / (v.sqrt() + 1e-6) + group["weight_decay"] * p
                p -= group["lr"] * p.norm() / d.norm() * d


# The same calls in gradc's language are in tests/harness/e2e.c.
OPTIM = torch.optim
OPTIMIZERS = {
    "sgd": lambda p: OPTIM.SGD(p, lr=0.1),
    "sgd_momentum": lambda p: OPTIM.SGD(p, lr=0.1, momentum=0.9),
    "sgd_nesterov": lambda p: OPTIM.SGD(p, lr=0.05, momentum=0.9, nesterov=True,
                                        weight_decay=0.01),
    "sgd_decay": lambda p: OPTIM.SGD(p, lr=0.1, weight_decay=0.01),
    "adam": lambda p: OPTIM.Adam(p, lr=0.01),
    "adam_options": lambda p: OPTIM.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-4,
                                         weight_decay=0.02),
    "adamw": lambda p: OPTIM.AdamW(p),
    "adamw_options": lambda p: OPTIM.AdamW(p, lr=0.01, weight_decay=0.05),
    "rmsprop": lambda p: OPTIM.RMSprop(p),
    "rmsprop_options": lambda p: OPTIM.RMSprop(p, lr=0.003, alpha=0.9, momentum=0.8,
                                               weight_decay=0.02),
    "adagrad": lambda p: OPTIM.Adagrad(p, lr=0.05),
    "adagrad_options": lambda p: OPTIM.Adagrad(p, lr=0.05, lr_decay=0.1, weight_decay=0.02),
    "adadelta": lambda p: OPTIM.Adadelta(p),
    "adadelta_options": lambda p: OPTIM.Adadelta(p, lr=0.5, rho=0.8, weight_decay=0.02),
    "adamax": lambda p: OPTIM.Adamax(p),
    "adamax_options": lambda p: OPTIM.Adamax(p, lr=0.01, weight_decay=0.02),
    "adam_amsgrad": lambda p: OPTIM.Adam(p, lr=0.05, betas=(0.9, 0.9), amsgrad=True),
    "adamw_amsgrad": lambda p: OPTIM.AdamW(p, lr=0.05, betas=(0.9, 0.9), amsgrad=True),
    "nadam": lambda p: OPTIM.NAdam(p),
    "nadam_options": lambda p: OPTIM.NAdam(p, lr=0.01, betas=(0.8, 0.999), weight_decay=0.02,
                                           momentum_decay=0.01),
    "radam": lambda p: OPTIM.RAdam(p),
    "radam_options": lambda p: OPTIM.RAdam(p, lr=0.01, betas=(0.9, 0.9), weight_decay=0.02),
    "lamb": lambda p: Lamb(p, lr=0.02, weight_decay=0.1),
    "lion": lambda p: Lion(p, lr=0.003, betas=(0.9, 0.99), weight_decay=0.1),
    "clip_norm": lambda p: OPTIM.SGD(p, lr=0.5),
    "clip_value": lambda p: OPTIM.SGD(p, lr=0.5),
    "scheduled": lambda p: OPTIM.Adam(p, lr=0.01),
}
CLIP = {"clip_norm": lambda p: torch.nn.utils.clip_grad_norm_(p, 0.1),
        "clip_value": lambda p: torch.nn.utils.clip_grad_value_(p, 0.02)}
SCHEDULED = {"scheduled": lambda o: SCHEDULER.CosineAnnealingLR(o, 120, eta_min=0.001)}
STEPS = (1, 2, 100)


def optimizers():
    after = {}
    for name, make in OPTIMIZERS.items():
        p = {k: v.requires_grad_() for k, v in network().items()}
        e = examples()
        optimizer = make(list(p.values()))
        scheduler = SCHEDULED[name](optimizer) if name in SCHEDULED else None
        for step in range(1, max(STEPS) + 1):
            optimizer.zero_grad()
            F.cross_entropy(logits(p, e["x"]), e["t"]).backward()
            if name in CLIP:
                CLIP[name](list(p.values()))
            optimizer.step()
            if scheduler:
                scheduler.step()
            if step in STEPS:
                after |= {f"{name}.{step}.{k}": v.detach().clone() for k, v in p.items()}
    save("optimizers", after)


# ---- Schedules: the factor of each of 40 updates ----

SCHEDULER = torch.optim.lr_scheduler
UPDATES = 40


def warm(updates, then):
    """PyTorch's way to warm up: rise from 1/updates to 1, then start the other schedule."""
    return lambda o: SCHEDULER.SequentialLR(
        o, [SCHEDULER.LinearLR(o, 1 / updates, 1, updates - 1), then(o)], milestones=[updates])


SCHEDULES = {
    "constant": warm(8, lambda o: SCHEDULER.ConstantLR(o, 1, 1)),
    "step_decay": lambda o: SCHEDULER.StepLR(o, 7, 0.5),
    "step_decay_warm": warm(5, lambda o: SCHEDULER.StepLR(o, 7)),
    "exponential": lambda o: SCHEDULER.ExponentialLR(o, 0.9),
    "exponential_warm": warm(6, lambda o: SCHEDULER.ExponentialLR(o, 0.95)),
    "cosine": lambda o: SCHEDULER.CosineAnnealingLR(o, 40),
    "cosine_warm": warm(10, lambda o: SCHEDULER.CosineAnnealingLR(o, 30, eta_min=0.1)),
    "linear": lambda o: SCHEDULER.LinearLR(o, 1, 0.25, 30),
    "linear_warm": warm(4, lambda o: SCHEDULER.LinearLR(o, 1, 0, 36)),
    "one_cycle": lambda o: SCHEDULER.OneCycleLR(o, 1, 40),
    "one_cycle_options": lambda o: SCHEDULER.OneCycleLR(o, 1, 40, pct_start=0.25, div_factor=10,
                                                        final_div_factor=100),
}


def schedules():
    factors = {}
    for name, make in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
        scheduler = make(optimizer)
        factors[name] = []
        for _ in range(UPDATES):
            factors[name].append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if len(factors[name]) < UPDATES:
                scheduler.step()
        factors[name] = torch.tensor(factors[name])
    save("schedules", factors)


# ---- Losses: values per example and gradients, every option once ----

CASES, ROWS = 4, 3


def losses():
    """Loss f has inputs f_y (and f_t) and an output f_l, per example; the model's loss is the sum
    of all, averaged. Classes are `t`, one per example, or `ts`, one per row of an example."""
    t, ts = torch.tensor([4, 0, 2, 2]), torch.tensor([[1, 0, 4], [3, 3, 2], [0, 1, 4], [2, 2, 2]])
    into, out = {"t": t, "ts": ts}, {}
    seed = iter(range(20, 60))

    def scores(name, *shape, low=-3, high=3):
        into[name] = numbers(CASES, *shape, seed=next(seed), low=low, high=high).requires_grad_()
        return into[name]

    def case(name, loss):
        out[name + "_l"] = loss.reshape(CASES, -1).mean(1)

    def elements(name, f, low=-3, high=3, low_t=-3, high_t=3):
        case(name, f(scores(name + "_y", ROWS, low=low, high=high),
                     scores(name + "_t", ROWS, low=low_t, high=high_t), reduction="none"))

    def with_options(f, **options):
        return lambda y, t, reduction: f(y, t, reduction=reduction, **options)

    case("ce", F.cross_entropy(scores("ce_y", 5), t, reduction="none"))
    case("far", F.cross_entropy(scores("far_y", 5, low=-1000, high=1000), t, reduction="none"))
    case("smooth", F.cross_entropy(scores("smooth_y", 5), t, reduction="none", label_smoothing=0.1))
    case("rows", F.cross_entropy(scores("rows_y", ROWS, 5).transpose(1, 2), ts, reduction="none"))
    case("nll", F.nll_loss(scores("nll_y", 5), t, reduction="none"))
    elements("mse", F.mse_loss)
    elements("mae", F.l1_loss)
    elements("huber", F.huber_loss)
    elements("huber2", with_options(F.huber_loss, delta=0.5))
    elements("bce", F.binary_cross_entropy, 1 / 64, 63 / 64, 0, 1)
    elements("logits", F.binary_cross_entropy_with_logits, -40, 40, 0, 1)
    elements("weighted", with_options(F.binary_cross_entropy_with_logits,
                                      pos_weight=torch.tensor(3.0)), -3, 3, 0, 1)
    elements("hinge", lambda y, t, reduction: F.relu(1 - t * y))
    elements("margin", lambda y, t, reduction: F.relu(0.25 - t * y))
    y, target = scores("kl_y", 5), scores("kl_t", 5, low=0, high=1)
    case("kl", F.kl_div(y, target, reduction="none").sum(1))

    loss = sum(l.mean() for l in out.values())
    loss.backward()
    out |= {"grad." + k: v.grad for k, v in into.items() if v.is_floating_point()}
    z = into["ce_y"]
    out["accuracy"] = (z.argmax(1) == t).double().mean()
    out["top2"] = (z.topk(2, 1).indices == t[:, None]).any(1).double().mean()
    save("losses.in", into)
    save("losses.out", out | {"loss": loss})


# ---- Activations: a value and a slope at every point, the kinks among them ----

POINTS = [-1000, -20, -3.5, -3, -1, -0.75, -0.125, 0, 0.125, 0.5, 1, 2.5, 3, 20, 1000]
ACTIVATIONS = {
    "relu": F.relu, "leaky_relu": F.leaky_relu, "elu": F.elu, "selu": F.selu, "gelu": F.gelu,
    "silu": F.silu, "mish": F.mish, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "softplus": F.softplus, "hardtanh": F.hardtanh, "relu6": F.relu6, "softsign": F.softsign,
    "log_sigmoid": F.logsigmoid, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "leaky_relu2": lambda x: F.leaky_relu(x, 0.2), "elu2": lambda x: F.elu(x, 0.5),
    "hardtanh2": lambda x: F.hardtanh(x, -0.75, 2.5),
    "softmax": lambda x: F.softmax(x, -1), "log_softmax": lambda x: F.log_softmax(x, -1),
}


def activations():
    """Every function f has its own input f_x and output f_y; the loss weighs them all alike."""
    x = torch.stack([torch.tensor(POINTS), torch.tensor(POINTS) / 8 + 0.3])
    weight = numbers(len(POINTS), seed=6).expand(2, -1).clone().requires_grad_()
    into, out, loss = {"w": weight}, {}, 0
    for name, f in ACTIVATIONS.items():
        into[name + "_x"] = x.clone().requires_grad_()
        out[name + "_y"] = f(into[name + "_x"])
        loss = loss + (out[name + "_y"] * weight).mean()
    loss.backward()
    out |= {"grad." + k: v.grad for k, v in into.items()}
    save("activations.in", into)
    save("activations.out", out | {"loss": loss})


# ---- Layers: values, and gradients of every input and parameter ----

def attention(x, p, causal):
    """x (batch, time, width); the weights have a dimension for the heads."""
    q, k, v = (torch.einsum("hdc,btc->bhtd", p["W" + n], x) for n in "qkv")
    y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return torch.einsum("chd,bhtd->btc", p["Wo"], y)


def layers():
    p, seed = {}, iter(range(70, 130))

    def make(layer, **shapes):
        own = {k: numbers(*s, seed=next(seed)).requires_grad_() for k, s in shapes.items()}
        p.update({f"{layer}.{k}": v for k, v in own.items()})
        return own

    def heads(layer, n):
        d = 6 // n
        return make(layer, Wq=(n, d, 6), Wk=(n, d, 6), Wv=(n, d, 6), Wo=(6, n, d))

    def recurrent(layer, kind, gates, x):
        """Our weights have a dimension for the gates; PyTorch's second bias is mostly 0."""
        shape = (gates,) if gates > 1 else ()
        w = make(layer, Wx=(*shape, 4, 6), Wh=(*shape, 4, 4), b=(*shape, 4))
        second = torch.zeros(4 * gates)
        if kind is torch.nn.GRU:
            second = torch.cat((second[:8], make(layer, bh=(4,))["bh"]))
        weights = {"weight_ih_l0": w["Wx"].reshape(-1, 6), "weight_hh_l0": w["Wh"].reshape(-1, 4),
                   "bias_ih_l0": w["b"].reshape(-1), "bias_hh_l0": second}
        net = kind(6, 4, batch_first=True)
        return torch.func.functional_call(net, weights, (x,))[0]

    x = numbers(3, 5, 6, seed=next(seed), low=-2, high=2).requires_grad_()
    v = numbers(3, 4, 7, 5, seed=next(seed), low=-2, high=2).requires_grad_()
    t = torch.tensor([[0, 6, 3, 3, 1], [2, 2, 2, 0, 6], [5, 4, 3, 2, 1]])
    ln, rn, bn = make("ln", g=(6,), b=(6,)), make("rn", g=(6,)), make("bn", g=(4,), b=(4,))
    e = make("e", E=(7, 6))
    conv = make("conv", w=(6, 2, 3, 3), b=(6,))
    wide = make("wide", w=(3, 4, 3, 2), b=(3,))
    line = make("line", w=(4, 5, 3), b=(4,))
    out = {
        "ln": F.layer_norm(x, (6,), ln["g"], ln["b"]),
        "rn": F.rms_norm(x, (6,), rn["g"], 1e-6),
        "e": F.embedding(t, e["E"]),
        "at": attention(x, heads("at", 2), True),
        "full": attention(x, heads("full", 3), False),
        "bn": F.batch_norm(v, None, None, bn["g"], bn["b"], training=True),
        "conv": F.conv2d(v, conv["w"], conv["b"], stride=2, padding=1, groups=2),
        "wide": F.conv2d(v, wide["w"], wide["b"], padding=2, dilation=2),
        "line": F.conv1d(x, line["w"], line["b"], padding=1),
        "most": F.max_pool2d(v, 3, 2, 1),
        "avg": F.avg_pool2d(v, 2),
        "all": v.mean((2, 3)),
        "rnn": recurrent("rnn", torch.nn.RNN, 1, x),
        "lstm": recurrent("lstm", torch.nn.LSTM, 4, x),
        "gru": recurrent("gru", torch.nn.GRU, 3, x),
    }
    power = {"ln": 3, "rn": 3, "bn": 3}
    loss = sum((y ** power.get(k, 2)).sum() for k, y in out.items()) / 3
    loss.backward()
    save("layers.params", p)
    save("layers.in", {"x": x, "v": v, "t": t})
    save("layers.out", out | {"loss": loss, "grad.x": x.grad, "grad.v": v.grad}
         | {"grad." + k: w.grad for k, w in p.items()})


if __name__ == "__main__":
    mlp()
    optimizers()
    schedules()
    losses()
    layers()
    activations()
