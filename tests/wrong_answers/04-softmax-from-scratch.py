"""Wrong answers to the exercises of lesson 04; each fails its own task and no other."""
# %% stable_softmax: overflows on large logits
def stable_softmax(O):
    return torch.exp(O) / torch.exp(O).sum(1, keepdim=True)


# %% stable_softmax: sums the wrong axis
def stable_softmax(O):
    O_exp = torch.exp(O - O.max(0, keepdim=True).values)
    return O_exp / O_exp.sum(0, keepdim=True)


# %% stable_softmax: one sum for the whole matrix
def stable_softmax(O):
    O_exp = torch.exp(O - O.max())
    return O_exp / O_exp.sum()


# %% stable_softmax: subtracts the whole matrix's maximum, so far smaller rows become 0 / 0
def stable_softmax(O):
    O_exp = torch.exp(O - O.max())
    return O_exp / O_exp.sum(1, keepdim=True)


# %% stable_softmax: works in place, and the caller's logits are gone
def stable_softmax(O):
    O -= O.max(1, keepdim=True).values
    return O.exp() / O.exp().sum(1, keepdim=True)


# %% stable_softmax: calls the library
def stable_softmax(O):
    return torch.softmax(O, 1)


# %% cross_entropy: no minus
def cross_entropy(O, y):
    return O[range(len(O)), y] - torch.logsumexp(O, 1)


# %% cross_entropy: averaged
def cross_entropy(O, y):
    return (torch.logsumexp(O, 1) - O[range(len(O)), y]).mean()


# %% cross_entropy: logarithm of an underflowed softmax
def cross_entropy(O, y):
    return -torch.log(torch.exp(O - torch.logsumexp(O, 1)[:, None])[range(len(O)), y])


# %% cross_entropy: every row against every label
def cross_entropy(O, y):
    return torch.logsumexp(O, 1, keepdim=True) - O[:, y]


# %% cross_entropy: logarithm to base 10
def cross_entropy(O, y):
    return (torch.logsumexp(O, 1) - O[range(len(O)), y]) / torch.log(torch.tensor(10.0))


# %% cross_entropy_gradient: sum for mean
def cross_entropy_gradient(O, y):
    grad = torch.softmax(O, 1)
    grad[range(len(O)), y] -= 1
    return grad


# %% cross_entropy_gradient: one-hot minus softmax
def cross_entropy_gradient(O, y):
    grad = torch.softmax(O, 1)
    grad[range(len(O)), y] -= 1
    return -grad / len(O)


# %% cross_entropy_gradient: divided by all entries
def cross_entropy_gradient(O, y):
    grad = torch.softmax(O, 1)
    grad[range(len(O)), y] -= 1
    return grad / O.numel()


# %% smooth_labels: rows sum to 0.99 (pitfall D)
def smooth_labels(y, num_classes, eps):
    Y = torch.nn.functional.one_hot(y, num_classes)
    return (1 - eps) * Y + eps / num_classes * (1 - Y)


# %% smooth_labels: shares eps among the other classes only
def smooth_labels(y, num_classes, eps):
    Y = torch.nn.functional.one_hot(y, num_classes)
    return (1 - eps) * Y + eps / max(num_classes - 1, 1) * (1 - Y)


# %% smooth_labels: ten classes whatever it is told
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * torch.nn.functional.one_hot(y, 10) + eps / 10


# %% accuracy: mean of the batches' accuracies
def accuracy(batches):
    return sum((O.argmax(1) == y).float().mean().item() for O, y in batches) / len(batches)


# %% accuracy: counts instead of a share
def accuracy(batches):
    return sum((O.argmax(1) == y).sum().item() for O, y in batches)


# %% accuracy: the last batch only
def accuracy(batches):
    O, y = batches[-1]
    return (O.argmax(1) == y).float().mean().item()


# %% accuracy: divides by batches times the first batch's size
def accuracy(batches):
    hits = sum((O.argmax(1) == y).sum().item() for O, y in batches)
    return hits / (len(batches) * len(batches[0][1]))
