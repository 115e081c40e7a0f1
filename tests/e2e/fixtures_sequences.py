#!/usr/bin/env python3
"""Make the reference numbers of sequences_*.nn with PyTorch, in double precision.

    python3 tests/e2e/fixtures_sequences.py   # writes sequences_*.safetensors beside this file"""

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from fixtures import Fixture

# ---- Recurrent layers ----

GATES = {torch.nn.RNN: 1, torch.nn.LSTM: 4, torch.nn.GRU: 3}


def cell(f, path, kind, width, H, size=None):
    """The weights of one layer in one direction: ours have a dimension for the gates, and one
    bias where PyTorch has two, of which the second is mostly 0."""
    gates = GATES[kind]
    lead = (gates,) if gates > 1 else ()
    w = {"weight_ih": f.param(path + ".Wx", *lead, H, width).reshape(-1, width),
         "weight_hh": f.param(path + ".Wh", *lead, H, size or H).reshape(-1, size or H),
         "bias_ih": f.param(path + ".b", *lead, H).reshape(-1),
         "bias_hh": torch.zeros(gates * H)}
    if kind is torch.nn.GRU:
        w["bias_hh"] = torch.cat((w["bias_hh"][:2 * H], f.param(path + ".bh", H)))
    if size:
        w["weight_hr"] = f.param(path + ".Wr", size, H)
    return w


def unroll(kind, x, cells, H, state=None, lengths=None, **options):
    """PyTorch's layers over x; `cells` has a list of one or two directions for each layer.
    Gives what comes out, 0 beyond the lengths, and the final states."""
    both = len(cells[0]) == 2
    net = kind(x.shape[2], H, len(cells), batch_first=True, bidirectional=both, **options)
    weights = {f"{k}_l{i}{'_reverse' * j}": v for i, layer in enumerate(cells)
               for j, w in enumerate(layer) for k, v in w.items()}
    if lengths is None:
        return torch.func.functional_call(net, weights, (x, state))
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    y, end = torch.func.functional_call(net, weights, (packed, state))
    return pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0], end


def steps(x, step, state, lengths=None, back=False):
    """A recurrence by hand: step(x[t], state) gives the next state, a tuple, whose first tensor
    is what comes out. Beyond its length an example's state stays."""
    T = x.shape[1]
    y = [None] * T
    for t in reversed(range(T)) if back else range(T):
        more = step(x[:, t], state)
        if lengths is not None:
            on = (t < lengths)[:, None]
            more = tuple(torch.where(on, a, b) for a, b in zip(more, state))
        state = more
        y[t] = state[0]
    return torch.stack(y, 1)


def recurrent():
    f = Fixture("sequences_recurrent", 5, seed=3000)
    T, I, H = 6, 3, 4
    RNN, LSTM, GRU = torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU
    x, n = f.input("x", T, I), torch.tensor([6, 1, 3, 5, 2])
    f.inputs["n"] = n
    s, c = f.input("s", H), f.input("c", H)
    s2, c2 = f.input("s2", 2, H), f.input("c2", 2, H)
    pair = s2.transpose(0, 1).contiguous(), c2.transpose(0, 1).contiguous()

    def simple(name, kind, x=x, back=False, **options):
        cells = [[cell(f, name, kind, I, H, options.get("proj_size"))]]
        y = unroll(kind, x.flip(1) if back else x, cells, H, **options)[0]
        f.output(name, y.flip(1) if back else y)

    def packed(name, path, kind, state, H=H, **options):
        cells = [[cell(f, path, kind, I, H, options.get("proj_size"))]]
        y, end = unroll(kind, x, cells, H, state, n, **options)
        h = end[0] if kind is LSTM else end
        f.output(name + "_len", y)
        f.output(name + "_end", h[0])
        return end

    simple("rnn", RNN)
    simple("rectified", RNN, nonlinearity="relu")
    simple("rnn_back", RNN, back=True)
    packed("rnn", "r", RNN, s[None])
    simple("lstm", LSTM)
    simple("lstm_back", LSTM, back=True)
    f.output("lstm_cell", packed("lstm", "l", LSTM, (s[None], c[None]))[1][0])
    simple("p", LSTM, proj_size=2)
    packed("proj", "q", LSTM, (s[None], torch.zeros(1, 5, 5)), 5, proj_size=4)
    simple("gru", GRU)
    simple("gru_back", GRU, back=True)
    packed("gru", "g", GRU, s[None])

    def peephole(path):
        w, P = cell(f, path, LSTM, I, H), f.param(path + ".P", 3, H)

        def step(x, state):
            h, c = state
            i, k, g, o = (x @ w["weight_ih"].T + h @ w["weight_hh"].T + w["bias_ih"]).chunk(4, 1)
            c = torch.sigmoid(k + P[1] * c) * c + torch.sigmoid(i + P[0] * c) * torch.tanh(g)
            return torch.sigmoid(o + P[2] * c) * torch.tanh(c), c
        return step

    def reset_first(path):
        Wx, Wh = f.param(path + ".Wx", 3, H, I), f.param(path + ".Wh", 3, H, H)
        b = f.param(path + ".b", 3, H)

        def step(x, state):
            h = state[0]
            r = torch.sigmoid(x @ Wx[0].T + h @ Wh[0].T + b[0])
            z = torch.sigmoid(x @ Wx[1].T + h @ Wh[1].T + b[1])
            return ((1 - z) * torch.tanh(x @ Wx[2].T + (r * h) @ Wh[2].T + b[2]) + z * h,)
        return step

    zero = torch.zeros(5, H)
    f.output("peep", steps(x, peephole("peep"), (s, c), n))
    f.output("peep_back", steps(x, peephole("peep_back"), (zero, zero), back=True))
    f.output("first", steps(x, reset_first("first"), (s,), n))
    f.output("first_back", steps(x, reset_first("first_back"), (zero,), back=True))

    def two_ways(path, kind, width, H):
        return [cell(f, f"{path}.{way}", kind, width, H) for way in "fb"]

    f.output("birnn", unroll(RNN, x, [two_ways("birnn", RNN, I, H)], H)[0])
    y, (h, cells) = unroll(LSTM, x, [two_ways("b", LSTM, I, H)], H, pair, n)
    f.output("bilstm_len", y)
    f.output("bilstm_end", h.transpose(0, 1))
    f.output("bilstm_cell", cells.transpose(0, 1))
    f.output("bigru_len", unroll(GRU, x, [two_ways("d", GRU, I, H)], H, pair[0], n)[0])
    f.output("two", unroll(LSTM, x, [[cell(f, "two.1", LSTM, I, H)],
                                     [cell(f, "two.2", LSTM, H, H)]], H)[0])
    f.output("both_len", unroll(GRU, x, [two_ways("both.1", GRU, I, 3),
                                         two_ways("both.2", GRU, 6, 3)], 3, lengths=n)[0])
    f.save()


# ---- Attention ----

def heads(f, path, H, C, D=None, G=None, bias=""):
    """Our weights have a dimension for the heads; PyTorch's biases are 0 where we have none, but
    for that of the keys: whatever it is, nothing depends on it."""
    D, G, d = D or C, G or H, C // H
    w = {"q": f.param(path + ".Wq", H, d, C), "k": f.param(path + ".Wk", G, d, D),
         "v": f.param(path + ".Wv", G, d, D), "o": f.param(path + ".Wo", C, H, d)}
    b = {"q": (H, d), "k": (G, d), "v": (G, d), "o": (C,)}
    none = {"q": torch.zeros, "k": torch.ones, "v": torch.zeros, "o": torch.zeros}
    return w, {k: f.param(f"{path}.b{k}", *v) if k in bias else none[k](v) for k, v in b.items()}


def module_weights(weights, C, prefix=""):
    """The same as the parameters of nn.MultiheadAttention."""
    w, b = weights
    flat = {k: v.reshape(C, -1) if k == "o" else v.reshape(-1, v.shape[-1]) for k, v in w.items()}
    if flat["k"].shape[1] == C:
        into = {"in_proj_weight": torch.cat([flat[k] for k in "qkv"])}
    else:
        into = {k + "_proj_weight": flat[k] for k in "qkv"}
    into |= {"in_proj_bias": torch.cat([b[k].reshape(-1) for k in "qkv"]),
             "out_proj.weight": flat["o"], "out_proj.bias": b["o"]}
    return {prefix + k: v for k, v in into.items()}


def multihead(x, source, weights, H, hidden=None, later=None):
    C, D = x.shape[2], source.shape[2]
    net = torch.nn.MultiheadAttention(C, H, kdim=D, vdim=D, batch_first=True)
    given = {"key_padding_mask": hidden, "attn_mask": later, "need_weights": False}
    return torch.func.functional_call(net, module_weights(weights, C), (x, source, source), given)[0]


def by_hand(x, source, weights, turn=lambda z: z, bias=None, **options):
    """PyTorch's scaled_dot_product_attention between the linear maps."""
    w, b = weights

    def projected(of, z):
        return torch.einsum("hdc,btc->bhtd", w[of], z) + b[of][:, None]

    q, k, v = turn(projected("q", x)), turn(projected("k", source)), projected("v", source)
    a = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, **options)
    return torch.einsum("chd,bhtd->btc", w["o"], a) + b["o"]


def turned(z, base=10000):
    """Rotary positions: pairs as complex numbers."""
    T, D = z.shape[-2:]
    angle = torch.outer(torch.arange(T).double(), base ** (-torch.arange(0, D, 2).double() / D))
    pairs = torch.view_as_complex(z.reshape(*z.shape[:-1], D // 2, 2).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle)).flatten(-2)


def block(f, path, kind, x, H, width, pre=False, source=None, gelu=False, **masks):
    """PyTorch's layer of an encoder, or of a decoder that sees `source`."""
    C = x.shape[2]
    net = kind(C, H, width, dropout=0, batch_first=True, norm_first=pre,
               activation=F.gelu if gelu else F.relu)
    norms = ["n1", "n2", "n3"] if pre else ["n2", "n3", "y"]
    if source is None:
        norms = ["n1", "n2"] if pre else ["n2", "y"]
    into = module_weights(heads(f, path + ".a", H, C, bias="qvo"), C, "self_attn.")
    if source is not None:
        into |= module_weights(heads(f, path + ".b", H, C, bias="qvo"), C, "multihead_attn.")
    for i, name in enumerate(norms):
        into |= {f"norm{i + 1}.weight": f.param(f"{path}.{name}.g", C),
                 f"norm{i + 1}.bias": f.param(f"{path}.{name}.b", C)}
    into |= {"linear1.weight": f.param(path + ".f.u.W", width, C),
             "linear1.bias": f.param(path + ".f.u.b", width),
             "linear2.weight": f.param(path + ".f.y.W", C, width),
             "linear2.bias": f.param(path + ".f.y.b", C)}
    given = (x,) if source is None else (x, source)
    return torch.func.functional_call(net, into, given, masks)


def attention():
    f = Fixture("sequences_attention", 4, seed=4000)
    T, U = 5, 6
    x, m, w = f.input("x", T, 8), f.input("m", U, 6), f.input("w", U, 8)
    n, k = torch.tensor([5, 1, 3, 4]), torch.tensor([2, 6, 0, 5])
    f.inputs |= {"n": n, "k": k}
    hidden, hidden_m = torch.arange(T) >= n[:, None], torch.arange(U) >= k[:, None]
    later = torch.ones(T, T).triu(1).bool()
    seen_m = ~hidden_m[:, None, None]
    encoder, decoder = torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer
    causal = {"src_mask": later}
    tgt = {"tgt_mask": later}

    def output(name, y):
        f.output(name, y, power=3)

    output("causal", multihead(x, x, heads(f, "causal", 2, 8), 2, later=later))
    output("full", multihead(x, x, heads(f, "full", 4, 8, bias="qvo"), 4))
    output("padded", multihead(x, x, heads(f, "padded", 2, 8, bias="qvo"), 2, hidden))
    output("padded_causal", multihead(x, x, heads(f, "padded_causal", 2, 8), 2, hidden, later))
    output("cross", multihead(x, m, heads(f, "cross", 2, 8, 6, bias="qvo"), 2, hidden_m))
    output("grouped", by_hand(x, x, heads(f, "grouped", 4, 8, G=2), is_causal=True,
                              enable_gqa=True))
    output("single", by_hand(x, m, heads(f, "single", 4, 8, 6, G=1), bias=seen_m,
                             enable_gqa=True))
    output("turned", by_hand(x, x, heads(f, "turned", 2, 8, bias="qkvo"), turned,
                             is_causal=True))
    # Slopes 1/4, 1/16, ... of the way from t to u.
    away = (torch.arange(T)[:, None] - torch.arange(T)).double()
    bias = torch.stack([-away / 4 ** (h + 1) for h in range(4)]).masked_fill(later, -torch.inf)
    output("biased", by_hand(x, x, heads(f, "biased", 4, 8), bias=bias))

    output("post", block(f, "post", encoder, x, 2, 7))
    output("post_seen", block(f, "post_seen", encoder, x, 4, 5, gelu=True,
                              src_key_padding_mask=hidden))
    output("pre", block(f, "pre", encoder, x, 2, 7, pre=True, **causal))
    output("pre_seen", block(f, "pre_seen", encoder, x, 2, 7, pre=True, gelu=True,
                             src_key_padding_mask=hidden))
    output("dec", block(f, "dec", decoder, x, 2, 7, source=w, **tgt))
    output("dec_seen", block(f, "dec_seen", decoder, x, 2, 5, source=w, **tgt,
                             tgt_key_padding_mask=hidden, memory_key_padding_mask=hidden_m))
    output("dec_pre", block(f, "dec_pre", decoder, x, 4, 7, pre=True, source=w, gelu=True, **tgt,
                            memory_key_padding_mask=hidden_m))
    y = x
    for i in "12":
        y = block(f, "tower." + i, encoder, y, 2, 7, pre=True)
    output("top", F.layer_norm(y, (8,), f.param("top.g", 8), f.param("top.b", 8)))
    f.save()


# ---- Bags, places, lengths ----

def bags(t, n, E, **options):
    """Each example's first n things are a bag of their own."""
    start = torch.cat((torch.zeros(1, dtype=torch.long), n.cumsum(0)[:-1]))
    weight = options.pop("weight", None)
    things = torch.cat([row[:k] for row, k in zip(t, n)])
    if weight is not None:
        weight = torch.cat([row[:k] for row, k in zip(weight, n)])
    return F.embedding_bag(things, E, start, per_sample_weights=weight, **options)


def waves(x, base=10000):
    """Sines and cosines as in PyTorch's tutorial on language models."""
    T, C = x.shape[1:]
    angle = torch.outer(torch.arange(T).double(), base ** (-torch.arange(0, C, 2).double() / C))
    p = torch.zeros(T, C)
    p[:, 0::2] = torch.sin(angle)
    p[:, 1::2] = torch.cos(angle)[:, :C // 2]
    return x + p


def turned_halves(x, base):
    """Rotary positions as Llama's weights have them: the halves of a vector are the pairs."""
    T, D = x.shape[-2:]
    angle = torch.outer(torch.arange(T).double(), base ** (-torch.arange(0, D, 2).double() / D))
    angle = torch.cat((angle, angle), -1)
    a, b = x.chunk(2, -1)
    return x * angle.cos() + torch.cat((-b, a), -1) * angle.sin()


def places():
    f = Fixture("sequences_places", 5, seed=5000)
    T = 6
    t, n = f.index("t", T, below=7), torch.tensor([6, 0, 3, 1, 5])
    f.inputs["n"] = n
    g, x, y = f.input("g", T), f.input("x", T, 5), f.input("y", T, 4)
    q, k, v = f.input("q", 2, T, 6), f.input("k", 2, T, 6), f.input("v", 2, T, 3)
    on = torch.arange(T) < n[:, None]

    def output(name, y):
        f.output(name, y, power=3)

    output("embedded", F.embedding(t, f.param("embedded.E", 7, 3)))
    f.output("bag", bags(t, n, f.param("bag.E", 7, 3), mode="sum"))
    f.output("weighted", bags(t, n, f.param("weighted.E", 7, 3), mode="sum", weight=g))
    f.output("average", bags(t, n, f.param("average.E", 7, 3), mode="mean"))
    output("most", bags(t, n, f.param("most.E", 7, 3), mode="max"))

    output("learned", x + f.param("learned.P", T, 5))
    output("waves", waves(y))
    output("odd_waves", waves(x, 100))
    output("turned", turned(q))
    output("turned_halves", turned_halves(q, 500))

    output("first", torch.stack([F.pad(row[:k], (0, 0, 0, T - k)) for row, k in zip(x, n)]))
    output("end", torch.stack([row[k - 1] if k else 0 * row[0] for row, k in zip(x, n)]))
    output("average_x", torch.stack([row[:k].mean(0) if k else 0 * row[0]
                                     for row, k in zip(x, n)]))
    output("back", torch.stack([F.pad(row[:k].flip(0), (0, 0, 0, T - k))
                                for row, k in zip(x, n)]))

    attend = F.scaled_dot_product_attention
    output("self", attend(q, k, v, attn_mask=on[:, None, None]))
    output("future", attend(q, k, v, is_causal=True))
    output("shares", torch.stack([F.pad(F.softmax(row[:k], 0), (0, T - k))
                                  for row, k in zip(g, n)]))
    f.save()


if __name__ == "__main__":
    recurrent()
    attention()
    places()
