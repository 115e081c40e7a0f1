#!/usr/bin/env python3
"""Make the reference numbers of the losses' options with PyTorch.

    python3 tests/e2e/fixtures_losses.py

Loss f has inputs f_y and so on, and an output f_l, its value per example; the loss of the model
is the sum of all. Where PyTorch divides by a sum of weights, the value per example is what its
reduction "none" gives, times the number of examples over that sum; the gradient comes from
PyTorch's own mean."""

import torch
import torch.nn.functional as F

from fixtures import Fixture, numbers

CASES = 4


class Losses(Fixture):
    def given(self, name, t):
        self.inputs[name] = t
        return t

    def case(self, name, each, mean=None):
        """each: per example, or per element of an example; mean: where it is not their mean."""
        self.outputs[name + "_l"] = each.reshape(CASES, -1).mean(1)
        self.loss = self.loss + (each.mean() if mean is None else mean)


# ---- Classes ----

WEIGHT = torch.tensor([0.5, 0.75, 1, 1.25, 1.5])


def class_losses():
    m = Losses("class_losses", CASES, 200)
    t = m.given("t", torch.tensor([4, 0, 2, 2]))
    ts = m.given("ts", torch.tensor([[1, 0, 4], [3, 3, 2], [0, 1, 4], [2, 2, 2]]))

    def weighted(name, f, target, z, weight=None, ignore=-100, **options):
        scale = (torch.ones(5) if weight is None else weight)[target] * (target != ignore)
        options |= {"weight": weight, "ignore_index": ignore}
        each = f(z, target, reduction="none", **options) / scale.mean()
        m.case(name, each, f(z, target, **options))

    def rows(name):
        return m.input(name, 3, 5).transpose(1, 2)

    weighted("weight", F.cross_entropy, t, m.input("weight_y", 5), weight=WEIGHT)
    weighted("ignore", F.cross_entropy, t, m.input("ignore_y", 5), ignore=2)
    weighted("smooth", F.cross_entropy, t, m.input("smooth_y", 5), weight=WEIGHT,
             label_smoothing=0.2)
    weighted("rows", F.cross_entropy, ts, rows("rows_y"), weight=WEIGHT, ignore=4)
    weighted("every", F.cross_entropy, ts, rows("every_y"), weight=WEIGHT, ignore=0,
             label_smoothing=0.1)
    weighted("nll", F.nll_loss, t, m.input("nll_y", 5), weight=WEIGHT)
    weighted("nll2", F.nll_loss, ts, rows("nll2_y"), weight=WEIGHT, ignore=2)

    p = m.given("p", F.softmax(numbers(CASES, 5, seed=300), 1).requires_grad_())
    m.case("soft", F.cross_entropy(m.input("soft_y", 5), p, reduction="none"))
    z = m.input("focal_y", 5)
    e = F.cross_entropy(z, t, reduction="none")
    m.case("focal", (1 - F.softmax(z, 1).gather(1, t[:, None])[:, 0]) ** 1.5 * e)
    m.case("multi", F.multi_margin_loss(m.input("multi_y", 5), t, reduction="none"))
    m.case("multi2", F.multi_margin_loss(m.input("multi2_y", 5), t, margin=0.4,
                                         reduction="none"))
    many = m.given("many", torch.tensor([[1., 0, 0, 1, 0], [0, 0, 0, 0, 1], [1, 1, 1, 1, 1],
                                         [0, 1, 0, 0, 0]], requires_grad=True))
    places = torch.tensor([[0, 3, -1, 0, 0], [4, -1, 0, 0, 0], [4, 2, 0, 1, 3], [1, -1, 0, 0, 0]])
    m.case("label", F.multilabel_margin_loss(m.input("label_y", 5), places, reduction="none"))
    m.case("labels", F.multilabel_soft_margin_loss(m.input("labels_y", 5), many,
                                                   reduction="none"))
    m.case("positive", F.binary_cross_entropy_with_logits(
        m.input("positive_y", 5), many, pos_weight=WEIGHT, reduction="none"))
    for name, alpha, gamma in ("binary", 0.25, 2), ("binary2", -1, 1.5):
        # torchvision's sigmoid_focal_loss
        z = m.input(name + "_y", 5)
        e = F.binary_cross_entropy_with_logits(z, many, reduction="none")
        q = torch.sigmoid(z)
        share = alpha * many + (1 - alpha) * (1 - many) if alpha >= 0 else 1
        m.case(name, share * e * (1 - (q * many + (1 - q) * (1 - many))) ** gamma)
    q = m.input("dice_y", 5, low=0, high=1)
    m.case("dice", 1 - (2 * (q * many).sum(1) + 1) / (q.sum(1) + many.sum(1) + 1))
    m.save()


# ---- Numbers and vectors ----

def pair_losses():
    m = Losses("pair_losses", CASES, 400)

    def elements(name, f, low=-2, high=2, low_t=-2, high_t=2):
        m.case(name, f(m.input(name + "_y", 3, low=low, high=high),
                       m.input(name + "_t", 3, low=low_t, high=high_t)))

    mask = m.given("mask", torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 1]]))
    y, t = m.input("masked_y", 3), m.input("masked_t", 3)
    e = F.mse_loss(y, t, reduction="none") * mask
    m.case("masked", e / mask.double().mean(), e.sum() / mask.sum())
    elements("smooth", lambda y, t: F.smooth_l1_loss(y, t, reduction="none"))
    elements("smooth2", lambda y, t: F.smooth_l1_loss(y, t, beta=0.5, reduction="none"))
    elements("smooth0", lambda y, t: F.smooth_l1_loss(y, t, beta=0, reduction="none"))
    signs = 2 * mask - 1
    elements("soft", lambda y, t: F.soft_margin_loss(y + t, signs, reduction="none"))
    elements("rank", lambda y, t: F.margin_ranking_loss(y, t, signs, margin=0.25,
                                                        reduction="none"))
    elements("gauss", lambda y, t: F.gaussian_nll_loss(y, t, y.square() / 2, full=True,
                                                       eps=0.3, reduction="none"))
    elements("poisson", lambda y, t: F.poisson_nll_loss(y, t, reduction="none"), low_t=0)
    elements("poisson2", lambda y, t: F.poisson_nll_loss(y, t.floor(), log_input=False, full=True,
                                                         eps=1e-3, reduction="none"),
             low=0.1, low_t=0, high_t=5)
    same = m.given("same", torch.tensor([1, 0, 1, 0]))
    sign = 2 * same - 1

    def points(name, n, f, **range):
        m.case(name, f(*(m.input(f"{name}_{k}", 6, **range) for k in "abc"[:n])))

    points("distance", 2, F.pairwise_distance)
    points("cosine", 2, F.cosine_similarity)
    points("angle", 2, lambda a, b: F.cosine_embedding_loss(a, b, sign, reduction="none"))
    points("angle2", 2, lambda a, b: F.cosine_embedding_loss(a, b, sign, margin=0.2,
                                                             reduction="none"), low=0)
    points("triplet", 3, lambda a, b, c: F.triplet_margin_loss(a, b, c, reduction="none"))
    points("triplet2", 3, lambda a, b, c: F.triplet_margin_loss(
        a, b, c, margin=2, swap=True, reduction="none"))

    def contrastive(a, b):
        d = (a - b).norm(dim=1)
        return same * d ** 2 + (1 - same) * F.relu(5 - d) ** 2

    points("contrast", 2, contrastive)
    m.save()


# ---- Sequences without an alignment ----

def ctc_losses():
    m = Losses("ctc_losses", CASES, 500)
    t = m.given("t", torch.tensor([[0, 1, 2], [1, 1, 3], [2, 0, 2], [3, 3, 3]]))
    times = m.given("times", torch.tensor([7, 6, 5, 7]))
    length = m.given("length", torch.tensor([3, 2, 0, 3]))
    short = m.given("short", torch.tensor([3, 2, 2, 4]))

    def case(name, target, at, n, blank, **options):
        p = F.log_softmax(m.input(name + "_y", 7, 5), -1).transpose(0, 1)
        m.case(name, F.ctc_loss(p, target, at, n, blank, reduction="none", **options))

    case("whole", t, torch.full((4,), 7), torch.full((4,), 3), 4)
    case("part", t, times, length, 4)
    case("first", m.given("after", t + 1), times, length, 0)
    case("none", t, short, torch.full((4,), 3), 4, zero_infinity=True)
    m.save()


if __name__ == "__main__":
    class_losses()
    pair_losses()
    ctc_losses()
