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


if __name__ == "__main__":
    recurrent()
