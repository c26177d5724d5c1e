"""Wrong answers to the exercises of lesson 03; each fails its check. A comment says for which input, or which rule it breaks."""
# %% log_sigmoid: log of sigmoid
# wrong: -inf at -1000
def log_sigmoid(o):
    return torch.log(1 / (1 + torch.exp(-o)))


# %% log_sigmoid: log of torch.sigmoid
# wrong: -inf at -1000
def log_sigmoid(o):
    return torch.sigmoid(o).log()


# %% log_sigmoid: minus log of 1 + exp(-o)
# wrong: -inf at -1000
def log_sigmoid(o):
    return -torch.log(1 + torch.exp(-o))


# %% log_sigmoid: log1p alone
# wrong: -inf at -1000
def log_sigmoid(o):
    return -torch.log1p(torch.exp(-o))


# %% log_sigmoid: o minus log1p
# wrong: -inf at +1000
def log_sigmoid(o):
    return o - torch.log1p(torch.exp(o))


# %% log_sigmoid: exp over 1 + exp
# wrong: nan at +1000, -inf at -1000
def log_sigmoid(o):
    return torch.log(torch.exp(o) / (1 + torch.exp(o)))


# %% log_sigmoid: F.logsigmoid
# rule: not F.logsigmoid
from torch.nn import functional as F
def log_sigmoid(o):
    return F.logsigmoid(o)


# %% log_sigmoid: nn.LogSigmoid
# rule: the same function as a module, not by hand
log_sigmoid = torch.nn.LogSigmoid()


# %% log_sigmoid: softplus
# rule: not F.softplus
from torch.nn import functional as F
def log_sigmoid(o):
    return -F.softplus(-o)


# %% log_sigmoid: logaddexp
# rule: not torch.logaddexp
def log_sigmoid(o):
    return -torch.logaddexp(torch.zeros_like(o), -o)


# %% log_sigmoid: nn.Softplus
# rule: softplus as a module
def log_sigmoid(o):
    return -torch.nn.Softplus()(-o)


# %% log_sigmoid: log_softmax
# rule: by hand, with exp, log or log1p
def log_sigmoid(o):
    return torch.log_softmax(torch.stack([torch.zeros_like(o), o], 1), 1)[:, 1]


# %% log_sigmoid: loss function
# rule: by hand, with exp, log or log1p
from torch.nn import functional as F
def log_sigmoid(o):
    return -F.binary_cross_entropy_with_logits(o, torch.ones_like(o), reduction="none")


# %% log_sigmoid: eps 1e-6
# wrong: -13.8 at -1000
def log_sigmoid(o):
    return torch.log(torch.sigmoid(o) + 1e-6)


# %% log_sigmoid: eps 1e-4
# wrong: -9.2 at -1000
def log_sigmoid(o):
    return torch.log(1 / (1 + torch.exp(-o)) + 1e-4)


# %% log_sigmoid: smallest float
# wrong: -87.3 at -1000
def log_sigmoid(o):
    return torch.log((1 / (1 + torch.exp(-o))).clamp(min=torch.finfo(torch.float32).tiny))


# %% log_sigmoid: logits clamped
# wrong: -80 at -1000
def log_sigmoid(o):
    return -torch.log1p(torch.exp(-o.clamp(-80, 80)))


# %% log_sigmoid: float64 only
# wrong: exp(1000) overflows in float64 too
def log_sigmoid(o):
    return -torch.log1p(torch.exp(-o.double())).float()


# %% log_sigmoid: mask times value
# wrong: 0 * inf is nan at +-1000
def log_sigmoid(o):
    pos = (o >= 0).float()
    return pos * -torch.log1p(torch.exp(-o)) + (1 - pos) * (o - torch.log1p(torch.exp(o)))


# %% log_sigmoid: nan_to_num
# wrong: a huge negative number at -1000
def log_sigmoid(o):
    return torch.nan_to_num(-torch.log1p(torch.exp(-o)))


# %% log_sigmoid: zero instead of -inf
# wrong: 0 at -1000
def log_sigmoid(o):
    return torch.nan_to_num(torch.log(torch.sigmoid(o)), neginf=0.0)


# %% log_sigmoid: o itself below 0
# wrong: at -1 it is -1.31, not -1
def log_sigmoid(o):
    return torch.where(o >= 0, -torch.log1p(torch.exp(-o)), o)


# %% log_sigmoid: sign of the logarithm
# wrong: plus log1p
def log_sigmoid(o):
    return o.clamp(max=0) + torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: maximum instead of minimum
# wrong: 1000 at +1000
def log_sigmoid(o):
    return o.clamp(min=0) - torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: softplus's sign
# wrong: positive values
def log_sigmoid(o):
    return (-o).clamp(min=0) + torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: of -o
# wrong: log(1 - sigma)
def log_sigmoid(o):
    return -o.clamp(min=0) - torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: abs with the wrong sign
# wrong: exp(1000) is inf
def log_sigmoid(o):
    return o.clamp(max=0) - torch.log1p(torch.exp(o.abs()))


# %% log_sigmoid: one branch for all
# wrong: logits of both signs
def log_sigmoid(o):
    if o.max() >= 0:
        return -torch.log1p(torch.exp(-o))
    return o - torch.log1p(torch.exp(o))


# %% log_sigmoid: shift by the largest of all
# wrong: o = [1000, 0] still underflows
def log_sigmoid(o):
    m = (-o).max().clamp(min=0)
    return -(m + torch.log(torch.exp(-m) + torch.exp(-o - m)))


# %% log_sigmoid: argument changed
# wrong: o is clamped in place
def log_sigmoid(o):
    e = torch.exp(-o.abs())
    return o.clamp_(max=0) - torch.log1p(e)


# %% log_sigmoid: sigmoid without log
# wrong: the logarithm is missing
def log_sigmoid(o):
    e = torch.exp(-o.abs())
    return torch.where(o >= 0, 1 / (1 + e), e / (1 + e))


# %% log_sigmoid: base 2
# wrong: log2
def log_sigmoid(o):
    return o.clamp(max=0) - torch.log2(1 + torch.exp(-o.abs()))


# %% log_sigmoid: squeeze at the end
# wrong: n = 1
def log_sigmoid(o):
    return (o.clamp(max=0) - torch.log1p(torch.exp(-o.abs()))).squeeze()


# %% log_sigmoid: mean
# wrong: one number
def log_sigmoid(o):
    return (o.clamp(max=0) - torch.log1p(torch.exp(-o.abs()))).mean()


# %% log_sigmoid: no return
# wrong: None
def log_sigmoid(o):
    o.clamp(max=0) - torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: clamp 100
def log_sigmoid(o): o=o.clamp(-1000,1000); return o.clamp(max=0)-torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: aten
def log_sigmoid(o): return torch.ops.aten.log_sigmoid(o)


# %% log_sigmoid: aten logaddexp
def log_sigmoid(o): return -torch.ops.aten.logaddexp(torch.zeros_like(o),-o)


# %% log_sigmoid: the softplus itself
# wrong: log(1 + exp(o)) is minus log(sigma(-o))
def log_sigmoid(o):
    return torch.log(1 + torch.exp(o))


# %% log_sigmoid: base 10 of the sigmoid
# wrong: log10
def log_sigmoid(o):
    return torch.log10(torch.sigmoid(o))


# %% log_sigmoid: base 2 of the sigmoid
# wrong: log2
def log_sigmoid(o):
    return torch.log2(torch.sigmoid(o))


# %% log_sigmoid: softmax over the logit and 0
def log_sigmoid(o):
    return torch.stack([torch.zeros_like(o), o], 1).softmax(1)[:, 1].log()


# %% log_sigmoid: the soft margin loss of label 1
def log_sigmoid(o):
    return -torch.nn.functional.soft_margin_loss(o, torch.ones_like(o), reduction="none")


# %% log_sigmoid: the softmax's operator
def log_sigmoid(o):
    return torch.ops.aten._softmax(torch.stack([torch.zeros_like(o), o], 1), 1, False)[:, 1].log()


# %% log_sigmoid: the log-softmax's operator
def log_sigmoid(o):
    return torch.ops.aten._log_softmax(torch.stack([torch.zeros_like(o), o], 1), 1, False)[:, 1]


# %% bce_with_logits: logarithm of a saturated sigmoid
def bce_with_logits(o, y):
    p = torch.sigmoid(o)
    return -(y * p.log() + (1 - y) * (1 - p).log())


# %% bce_with_logits: only the term of label 1
def bce_with_logits(o, y):
    return -y * torch.nn.functional.logsigmoid(o)


# %% bce_with_logits: labels swapped
def bce_with_logits(o, y):
    return o.clamp(min=0) - o * (1 - y) + torch.log1p(torch.exp(-o.abs()))


# %% bce_with_logits: averaged
def bce_with_logits(o, y):
    return (o.clamp(min=0) - o * y + torch.log1p(torch.exp(-o.abs()))).mean()


# %% bce_with_logits: probabilities kept away from 0 by an epsilon
def bce_with_logits(o, y):
    p = torch.sigmoid(o).clamp(1e-7, 1 - 1e-7)
    return -(y * p.log() + (1 - y) * (1 - p).log())


# %% bce_with_logits: by the definition
# wrong: inf at o = 300, y = 0
def bce_with_logits(o, y):
    p = torch.sigmoid(o)
    return -y * p.log() - (1 - y) * (1 - p).log()


# %% bce_with_logits: eps 1e-6
# wrong: 13.8 at o = 300, y = 0
def bce_with_logits(o, y):
    p = torch.sigmoid(o)
    return -y * (p + 1e-6).log() - (1 - y) * (1 - p + 1e-6).log()


# %% bce_with_logits: clamp of p
# wrong: 15.9 at o = 300, y = 0
def bce_with_logits(o, y):
    p = torch.sigmoid(o).clamp(1e-7, 1 - 1e-7)
    return -y * p.log() - (1 - y) * (1 - p).log()


# %% bce_with_logits: F.binary_cross_entropy
# wrong: 100 at o = 300, y = 0
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.binary_cross_entropy(torch.sigmoid(o), y, reduction="none")


# %% bce_with_logits: mean
# wrong: one number
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.binary_cross_entropy_with_logits(o, y)


# %% bce_with_logits: sum
# wrong: one number
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.binary_cross_entropy_with_logits(o, y, reduction="sum")


# %% bce_with_logits: log(1 + exp(o)) overflows
# wrong: inf at o = 300
def bce_with_logits(o, y):
    return torch.log(1 + torch.exp(o)) - o * y


# %% bce_with_logits: float64 definition
# wrong: sigmoid(300) is 1 in float64 too
def bce_with_logits(o, y):
    p = torch.sigmoid(o.double())
    return (-y * p.log() - (1 - y) * (1 - p).log()).float()


# %% bce_with_logits: labels swapped, again
# wrong: cost of the other label
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.softplus(-o) + o * y


# %% bce_with_logits: sign
# wrong: negative losses
def bce_with_logits(o, y):
    return o * y - o.clamp(min=0) - torch.log1p(torch.exp(-o.abs()))


# %% bce_with_logits: only label 1
# wrong: y = 0 costs 0
from torch.nn import functional as F
def bce_with_logits(o, y):
    return -y * F.logsigmoid(o)


# %% bce_with_logits: o y forgotten
# wrong: y = 1
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.softplus(o)


# %% bce_with_logits: logarithm forgotten
# wrong: small logits
def bce_with_logits(o, y):
    return o.clamp(min=0) - o * y


# %% bce_with_logits: bits
# wrong: log2, not nats
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.binary_cross_entropy_with_logits(o, y, reduction="none") / torch.log(torch.tensor(2.0))


# %% bce_with_logits: logits clamped
# wrong: 100 at o = 300, y = 0
def bce_with_logits(o, y):
    o = o.clamp(-80, 80)
    return torch.log1p(torch.exp(o)) - o * y


# %% bce_with_logits: in place
# wrong: o is changed
def bce_with_logits(o, y):
    e = torch.log1p(torch.exp(-o.abs()))
    oy = o * y
    return o.clamp_(min=0) + e - oy


# %% bce_with_logits: labels in place
# wrong: y becomes +-1
from torch.nn import functional as F
def bce_with_logits(o, y):
    y.mul_(2).sub_(1)
    return F.softplus(-y * o)


# %% bce_with_logits: squeeze at the end
# wrong: n = 1
from torch.nn import functional as F
def bce_with_logits(o, y):
    return (F.softplus(o) - o * y).squeeze()


# %% bce_with_logits: column of logits
# wrong: (n, n), n > 1
from torch.nn import functional as F
def bce_with_logits(o, y):
    o = o.reshape(-1, 1)
    return F.softplus(o) - o * y


# %% bce_with_logits: signed labels twice
# wrong: y in {0, 1} used as if it were +-1
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.softplus(-y * o)


# %% bce_with_logits: nan_to_num
# wrong: the infinite loss becomes 3.4e38, nan becomes 0
def bce_with_logits(o, y):
    p = torch.sigmoid(o)
    return torch.nan_to_num(-y * p.log() - (1 - y) * (1 - p).log())


# %% bce_with_logits: exp of +|o|
# wrong: overflow at 300
def bce_with_logits(o, y):
    return o.clamp(min=0) + torch.log1p(torch.exp(o.abs())) - o * y


# %% bce_with_logits: max with 1
# wrong: clamp(min=1)
def bce_with_logits(o, y):
    return o.clamp(min=1) + torch.log1p(torch.exp(-o.abs())) - o * y


# %% bce_with_logits: probabilities as logits
# wrong: sigmoid taken twice
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.binary_cross_entropy_with_logits(torch.sigmoid(o), y, reduction="none")


# %% bce_with_logits: no return
# wrong: None
from torch.nn import functional as F
def bce_with_logits(o, y):
    F.softplus(o) - o * y


# %% bce_with_logits: BCE clamped at 100
import torch.nn.functional as F
def bce_with_logits(o,y): return F.binary_cross_entropy(torch.sigmoid(o),y,reduction="none")


# %% bce_with_logits: clamp 1000
import torch.nn.functional as F
def bce_with_logits(o,y): return F.softplus(o.clamp(-1000,1000))-o.clamp(-1000,1000)*y


# %% bce_with_logits: clamp 500
import torch.nn.functional as F
def bce_with_logits(o,y): return F.softplus(o.clamp(-500,500))-o.clamp(-500,500)*y


# %% bce_with_logits: all labels equal fails (uses unique)
import torch.nn.functional as F
def bce_with_logits(o,y):
    y=torch.unique(y,return_inverse=True)[1].float(); return F.softplus(o)-o*y


# %% bce_with_logits: labels from cached
import torch.nn.functional as F
C={}
def bce_with_logits(o,y): y=C.setdefault(len(y),y.clone()); return F.softplus(o)-o*y


# %% bce_with_logits: only label 0
def bce_with_logits(o, y):
    return (1 - y) * torch.nn.functional.softplus(o)


# %% predict: the sign of the bias (pitfall A)
def predict(X, w, b):
    return 1 / (1 + torch.exp(-1 * X @ w + b))


# %% predict: class 0
def predict(X, w, b):
    return 1 / (1 + torch.exp(X @ w + b))


# %% predict: logits
def predict(X, w, b):
    return X @ w + b


# %% predict: shape (n, 1)
def predict(X, w, b):
    return torch.sigmoid(X @ w.reshape(-1, 1) + b)


# %% predict: class 0 by subtraction
# wrong: 1 - p
def predict(X, w, b):
    return 1 - torch.sigmoid(X @ w + b)


# %% predict: no bias
# wrong: b != 0
def predict(X, w, b):
    return torch.sigmoid(X @ w)


# %% predict: bias subtracted
# wrong: b != 0
def predict(X, w, b):
    return torch.sigmoid(X @ w - b)


# %% predict: exp over 1 + exp
# wrong: nan for large logits
def predict(X, w, b):
    e = torch.exp(X @ w + b)
    return e / (1 + e)


# %% predict: classes
# wrong: 0 or 1 instead of a probability
def predict(X, w, b):
    return (torch.sigmoid(X @ w + b) > 0.5).float()


# %% predict: bias on the features
# wrong: (X + b) w
def predict(X, w, b):
    return torch.sigmoid((X + b) @ w)


# %% predict: bias after the sigmoid
# wrong: sigma(X w) + b
def predict(X, w, b):
    return torch.sigmoid(X @ w) + b


# %% predict: squeeze at the end
# wrong: n = 1
def predict(X, w, b):
    return torch.sigmoid(X @ w.reshape(-1, 1) + b).squeeze()


# %% predict: softmax over the samples
# wrong: probabilities of the samples sum to 1
def predict(X, w, b):
    return torch.softmax(X @ w + b, 0)


# %% predict: tanh
# wrong: (-1, 1)
def predict(X, w, b):
    return torch.tanh(X @ w + b)


# %% predict: tanh without the half
# wrong: slope twice too steep
def predict(X, w, b):
    return (1 + torch.tanh(X @ w + b)) / 2


# %% predict: sum over the samples
# wrong: axis
def predict(X, w, b):
    return torch.sigmoid((X * w).sum(0) + b)


# %% predict: bias added per feature
# wrong: d b, for d > 1
def predict(X, w, b):
    return torch.sigmoid((X * w + b).sum(1))


# %% predict: clamped
# wrong: never below 1e-4
def predict(X, w, b):
    return torch.sigmoid(X @ w + b).clamp(1e-4, 1 - 1e-4)


# %% predict: eps
# wrong: 1 becomes 0.999
def predict(X, w, b):
    return 1 / (1 + torch.exp(-(X @ w + b)) + 1e-3)


# %% predict: normal distribution
# wrong: probit
def predict(X, w, b):
    return torch.special.ndtr(X @ w + b)


# %% predict: in place
# wrong: X is changed
def predict(X, w, b):
    X *= w
    return torch.sigmoid(X.sum(1) + b)


# %% predict: bias in place
# wrong: b is changed
def predict(X, w, b):
    b.neg_()
    return 1 / (1 + torch.exp(-1 * X @ w + b))


# %% predict: features clamped
# wrong: large X
def predict(X, w, b):
    return torch.sigmoid(X.clamp(-10, 10) @ w + b)


# %% predict: no return
# wrong: None
def predict(X, w, b):
    torch.sigmoid(X @ w + b)


# %% predict: clamp 1e-4
def predict(X,w,b): return torch.sigmoid(X@w+b).clamp(1e-4,1-1e-4)


# %% predict: clamp logit 10
def predict(X,w,b): return torch.sigmoid((X@w+b).clamp(-10,10))


# %% predict: cached w
W={}
def predict(X,w,b): w=W.setdefault(X.shape,w); return torch.sigmoid(X@w+b)


# %% predict: the sign of the features
# wrong: the minus of exp(-z) stands before the bias alone
def predict(X, w, b):
    return 1 / (1 + torch.exp(X @ w - b))


# %% predict: odds
# wrong: exp of the logit
def predict(X, w, b):
    return torch.exp(X @ w + b)


# %% train: mean loss and a step divided by the batch size (pitfall C)
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y) / len(y), b - lr * r.mean() / len(y)
    return w, b


# %% train: summed loss
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r, b - lr * r.sum()
    return w, b


# %% train: the sign of the bias in the model
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        r = torch.sigmoid(X @ w - b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: one step
def train(X, y, lr, epochs):
    r = torch.full_like(y, 0.5) - y
    return -lr * X.T @ r / len(y), -lr * r.mean()


# %% train: gradients add up
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1], requires_grad=True), torch.zeros((), requires_grad=True)
    for _ in range(epochs):
        torch.nn.functional.binary_cross_entropy_with_logits(X @ w + b, y).backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w.detach(), b.detach()


# %% train: sum
# wrong: not averaged, n > 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r, b - lr * r.sum()
    return w, b


# %% train: averaged twice
# wrong: n > 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * (X.T @ r / len(y)) / len(y), b - lr * r.mean() / len(y)
    return w, b


# %% train: weights summed
# wrong: only the bias is averaged, n > 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r, b - lr * r.mean()
    return w, b


# %% train: one epoch too many
# wrong: epochs + 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs + 1):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: one epoch too few
# wrong: epochs - 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(1, epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: return in the loop
# wrong: epochs > 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
        return w, b


# %% train: sign
# wrong: uphill
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w + lr * X.T @ r / len(y), b + lr * r.mean()
    return w, b


# %% train: bias never moves
# wrong: b stays 0
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w = w - lr * X.T @ r / len(y)
    return w, b


# %% train: new w for the bias
# wrong: the residual is computed anew after w's update
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        w = w - lr * X.T @ (torch.sigmoid(X @ w + b) - y) / len(y)
        b = b - lr * (torch.sigmoid(X @ w + b) - y).mean()
    return w, b


# %% train: random start
# wrong: not from zeros
def train(X, y, lr, epochs):
    w, b = torch.randn(X.shape[1]) * 0.01, torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: nn.Linear's own start
# wrong: not from zeros
from torch import nn
def train(X, y, lr, epochs):
    net = nn.Linear(X.shape[1], 1)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        opt.zero_grad()
        nn.BCEWithLogitsLoss()(net(X).reshape(-1), y).backward()
        opt.step()
    return net.weight.detach()[0], net.bias.detach()[0]


# %% train: gradients not cleared
# wrong: epochs > 1
from torch.nn import functional as F
def train(X, y, lr, epochs):
    w = torch.zeros(X.shape[1], requires_grad=True)
    b = torch.zeros((), requires_grad=True)
    for _ in range(epochs):
        F.binary_cross_entropy_with_logits(X @ w + b, y).backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w.detach(), b.detach()


# %% train: reduction sum
# wrong: n > 1
from torch.nn import functional as F
def train(X, y, lr, epochs):
    w = torch.zeros(X.shape[1], requires_grad=True)
    b = torch.zeros((), requires_grad=True)
    opt = torch.optim.SGD([w, b], lr=lr)
    for _ in range(epochs):
        opt.zero_grad()
        F.binary_cross_entropy_with_logits(X @ w + b, y, reduction="sum").backward()
        opt.step()
    return w.detach(), b.detach()


# %% train: Adam
# wrong: not gradient descent
from torch.nn import functional as F
def train(X, y, lr, epochs):
    w = torch.zeros(X.shape[1], requires_grad=True)
    b = torch.zeros((), requires_grad=True)
    opt = torch.optim.Adam([w, b], lr=lr)
    for _ in range(epochs):
        opt.zero_grad()
        F.binary_cross_entropy_with_logits(X @ w + b, y).backward()
        opt.step()
    return w.detach(), b.detach()


# %% train: one sample at a time
# wrong: n steps an epoch, n > 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        for xi, yi in zip(X, y):
            r = torch.sigmoid(xi @ w + b) - yi
            w, b = w - lr * r * xi, b - lr * r
    return w, b


# %% train: squared error
# wrong: the gradient has p (1 - p) in it
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        p = torch.sigmoid(X @ w + b)
        r = (p - y) * p * (1 - p)
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: linear regression
# wrong: no sigmoid
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: wrong sign of the bias
# wrong: 1 / (1 + exp(-Xw + b))
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = 1 / (1 + torch.exp(-1 * X @ w + b)) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: order
# wrong: (b, w)
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return b, w


# %% train: bias of shape (1,)
# wrong: not 0-dimensional
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(1)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: column of weights
# wrong: (d, 1); and (n, 1) against (n,)
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1], 1), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y.reshape(-1, 1)
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: squeeze at the end
# wrong: d = 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w.squeeze(), b


# %% train: mean over everything
# wrong: the same step for all weights, d > 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * (r[:, None] * X).mean(), b - lr * r.mean()
    return w, b


# %% train: predictions rounded
# wrong: the perceptron's step
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = (torch.sigmoid(X @ w + b) > 0.5).float() - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: features scaled in place
# wrong: X is changed
def train(X, y, lr, epochs):
    X -= X.mean(0)
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: labels in place
# wrong: y is changed in the first epoch
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        y -= torch.sigmoid(X @ w + b)
        w, b = w + lr * X.T @ y / len(y), b + lr * y.mean()
    return w, b


# %% train: no return
# wrong: None
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()


# %% train: epochs=0 fails
def train(X,y,lr,epochs):
    w=torch.zeros(X.shape[1]); b=torch.tensor(0.); e=0
    while True:
        r=torch.sigmoid(X@w+b)-y; w=w-lr*X.T@r/len(y); b=b-lr*r.mean(); e+=1
        if e>=epochs: return w,b


# %% train: mutable defaults
def train(X,y,lr,epochs,state={}):
    w=state.get(X.shape,torch.zeros(X.shape[1])); b=torch.tensor(0.)
    for _ in range(epochs):
        r=torch.sigmoid(X@w+b)-y; w=w-lr*X.T@r/len(y); b=b-lr*r.mean()
    state[X.shape]=w; return w,b


# %% train: capped epochs 100
def train(X,y,lr,epochs):
    w=torch.zeros(X.shape[1]); b=torch.tensor(0.)
    for _ in range(min(epochs,100)):
        r=torch.sigmoid(X@w+b)-y; w=w-lr*X.T@r/len(y); b=b-lr*r.mean()
    return w,b


# %% train: grad clip
def train(X,y,lr,epochs):
    w=torch.zeros(X.shape[1]); b=torch.tensor(0.)
    for _ in range(epochs):
        r=torch.sigmoid(X@w+b)-y; g=(X.T@r/len(y)).clamp(-1,1); w=w-lr*g; b=b-lr*r.mean()
    return w,b


# %% train: the updates are not kept
# wrong: zeros
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        new_w, new_b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% fixed_loss: still (n, n) (pitfall B)
def fixed_loss(p, y):
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: the sum
def fixed_loss(p, y):
    p = p.reshape(y.shape)
    return -(y * p.log() + (1 - y) * (1 - p).log()).sum()


# %% fixed_loss: reshapes the labels to (n, 1), which breaks predictions of (n,)
def fixed_loss(p, y):
    y = y.reshape(-1, 1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: squeezes everything, and forgets the minus
def fixed_loss(p, y):
    p = p.reshape(y.shape)
    return (y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: first column
# wrong: p of shape (n,) has none
def fixed_loss(p, y):
    p = p[:, 0]
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: squeeze(1)
# wrong: p of shape (n,) has no axis 1
def fixed_loss(p, y):
    p = p.squeeze(1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: squeeze and F
# wrong: n = 1 and p (1, 1): F refuses () against (1,)
from torch.nn import functional as F
def fixed_loss(p, y):
    return F.binary_cross_entropy(p.squeeze(), y)


# %% fixed_loss: F without reshape
# wrong: F refuses (n, 1) against (n,)
from torch.nn import functional as F
def fixed_loss(p, y):
    return F.binary_cross_entropy(p, y)


# %% fixed_loss: sum
# wrong: n > 1
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).sum()


# %% fixed_loss: each sample
# wrong: (n,)
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * p.log() + (1 - y) * (1 - p).log())


# %% fixed_loss: sign
# wrong: negative
def fixed_loss(p, y):
    p = p.reshape(-1)
    return (y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: only class 1
# wrong: y = 0
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * p.log()).mean()


# %% fixed_loss: labels swapped
# wrong: 1 - y and y
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -((1 - y) * p.log() + y * (1 - p).log()).mean()


# %% fixed_loss: minus only before the first term
# wrong: brackets
def fixed_loss(p, y):
    p = p.reshape(-1)
    return (-y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: eps 1e-4
# wrong: p = 1e-5 with label 1
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * (p + 1e-4).log() + (1 - y) * (1 - p + 1e-4).log()).mean()


# %% fixed_loss: eps 1e-6
# wrong: p = 1e-7 with label 1
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * (p + 1e-6).log() + (1 - y) * (1 - p + 1e-6).log()).mean()


# %% fixed_loss: clamp
# wrong: p = 1e-5
def fixed_loss(p, y):
    p = p.reshape(-1).clamp(1e-3, 1 - 1e-3)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: squeezed in place
# wrong: p is left with shape (n,)
def fixed_loss(p, y):
    if p.dim() == 2:
        p.squeeze_(1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: labels unsqueezed in place
# wrong: y is left with shape (n, 1)
def fixed_loss(p, y):
    if p.dim() == 2:
        y.unsqueeze_(1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: from logits
# wrong: p taken for a logit
from torch.nn import functional as F
def fixed_loss(p, y):
    return F.binary_cross_entropy_with_logits(p.reshape(-1), y)


# %% fixed_loss: bits
# wrong: log2
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * p.log2() + (1 - y) * (1 - p).log2()).mean()


# %% fixed_loss: shape (1,)
# wrong: not 0-dimensional
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean(0, keepdim=True)


# %% fixed_loss: n - 1
# wrong: divided by n - 1
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).sum() / max(len(y) - 1, 1)


# %% fixed_loss: rounded predictions
# wrong: the error rate, not the loss
def fixed_loss(p, y):
    return ((p.reshape(-1) > 0.5).float() != y).float().mean()


# %% fixed_loss: squared error
# wrong: not the cross-entropy
def fixed_loss(p, y):
    return ((p.reshape(-1) - y) ** 2).mean()


# %% fixed_loss: mean of p first
# wrong: log of the mean, n > 1
def fixed_loss(p, y):
    q = p.mean()
    return -(y * q.log() + (1 - y) * (1 - q).log()).mean()


# %% fixed_loss: no return
# wrong: None
def fixed_loss(p, y):
    p = p.reshape(y.shape)
    loss = -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: clamp 1e-4
def fixed_loss(p,y): p=p.flatten().clamp(1e-4,1-1e-4); return -(y*p.log()+(1-y)*(1-p).log()).mean()


# %% fixed_loss: clamp 1e-7
def fixed_loss(p,y): p=p.flatten().clamp(1e-7,1-1e-7); return -(y*p.log()+(1-y)*(1-p).log()).mean()


# %% fixed_loss: F with 100 clamp p tiny
import torch.nn.functional as F
def fixed_loss(p,y): return F.binary_cross_entropy(p.flatten().clamp(min=1e-6),y)


# %% fixed_loss: (n, n), and the mean of each row
# wrong: (n,) for p of shape (n, 1)
def fixed_loss(p, y):
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean(1)


# %% bce_with_logits: o y added
# wrong: for label 1
def bce_with_logits(o, y):
    return o.clamp(min=0) + o * y + torch.log1p(torch.exp(-o.abs()))


# %% fixed_loss: only the zeros
# wrong: for label 1
def fixed_loss(p, y):
    return -((1 - y) * torch.log(1 - p.reshape(-1))).mean()


# %% log_sigmoid: logsumexp
# rule: neither exp nor arithmetic
def log_sigmoid(o):
    return -torch.logsumexp(torch.stack([torch.zeros_like(o), -o]), 0)


# %% log_sigmoid: logcumsumexp
# rule: neither exp nor arithmetic
def log_sigmoid(o):
    return -torch.logcumsumexp(torch.stack([0 * o, -o]), 0)[1]


# %% log_sigmoid: without the minimum
# wrong: for negative logits
def log_sigmoid(o):
    return -torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: no absolute value
# wrong: exp(-o) overflows, and counts twice where o is negative
def log_sigmoid(o):
    return o.clamp(max=0) - torch.log1p(torch.exp(-o))


# %% bce_with_logits: no absolute value
# wrong: for negative logits
def bce_with_logits(o, y):
    return o.clamp(min=0) - o * y + torch.log1p(torch.exp(-o))


# %% bce_with_logits: labels first
# wrong: the arguments are swapped
def bce_with_logits(o, y):
    return torch.nn.functional.binary_cross_entropy_with_logits(y, o, reduction="none")


# %% bce_with_logits: a minus for the first term only
# wrong: for label 0
def bce_with_logits(o, y):
    F = torch.nn.functional
    return -(y * F.logsigmoid(o) - (1 - y) * F.logsigmoid(-o))


# %% train: no bias in the model
# wrong: b moves, and nothing depends on it
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        r = torch.sigmoid(X @ w) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% fixed_loss: an epsilon in the second logarithm alone
# wrong: for p near 1
def fixed_loss(p, y):
    p = p.reshape(-1)
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p + 1e-4)).mean()


# %% bce_with_logits: 1 - log of the sigmoid
# wrong: the 1 - stands before the logarithm
from torch.nn import functional as F
def bce_with_logits(o, y):
    return -(y * F.logsigmoid(o) + (1 - y) * (1 - F.logsigmoid(o)))


# %% train: predictions in a column
# wrong: (n, 1) against (n,), n > 1
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    for _ in range(epochs):
        p = torch.sigmoid(X @ w + b)
        loss = -(y * p.log() + (1 - y) * (1 - p).log()).mean()
        grad_w, grad_b = torch.autograd.grad(loss, (w, b))
        with torch.no_grad():
            w -= lr * grad_w
            b -= lr * grad_b
    return w.detach()[:, 0], b.detach()[0]


# %% train: labels smoothed almost to their mean
# wrong: smoothed labels
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        error = torch.sigmoid(X @ w + b) - (0.01 * y + 0.99 * y.mean())
        w, b = w - lr * X.T @ error / len(y), b - lr * error.mean()
    return w, b
