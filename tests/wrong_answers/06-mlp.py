"""Wrong answers to the exercises of lesson 06; each fails its own task and no other."""
# %% parameter_count: weights only
def parameter_count(sizes):
    return sum(a * b for a, b in zip(sizes, sizes[1:]))


# %% parameter_count: the inputs have biases too
def parameter_count(sizes):
    return sum(a * b for a, b in zip(sizes, sizes[1:])) + sum(sizes)


# %% parameter_count: biases for a layer's inputs
def parameter_count(sizes):
    return sum(a * b + a for a, b in zip(sizes, sizes[1:]))


# %% parameter_count: one bias a layer
def parameter_count(sizes):
    return sum(a * b + 1 for a, b in zip(sizes, sizes[1:]))


# %% MLP: a ReLU after the last layer
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers)

    def forward(self, X):
        return self.net(X)


# %% MLP: no activation
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.net = nn.Sequential(*(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])))

    def forward(self, X):
        return self.net(X)


# %% MLP: layers in a plain list, which no optimizer finds
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]

    def forward(self, X):
        for layer in self.layers[:-1]:
            X = torch.relu(layer(X))
        return self.layers[-1](X)


# %% MLP: one hidden layer whatever the sizes
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(sizes[0], sizes[1]), nn.ReLU(), nn.Linear(sizes[1], sizes[-1]))

    def forward(self, X):
        return self.net(X)


# %% MLP: a softmax at the end
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1], nn.Softmax(1))

    def forward(self, X):
        return self.net(X)


# %% early_stopping: looks at all losses for the best
def early_stopping(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            return losses.index(min(losses)), epoch
    return best, len(losses) - 1


# %% early_stopping: waits one epoch too long
def early_stopping(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best > patience:
            return best, epoch
    return best, len(losses) - 1


# %% early_stopping: counts bad epochs without starting anew
def early_stopping(losses, patience):
    best, bad = 0, 0
    for epoch, loss in enumerate(losses[1:], 1):
        if loss < losses[best]:
            best = epoch
        else:
            bad += 1
        if bad >= patience:
            return best, epoch
    return best, len(losses) - 1


# %% early_stopping: compares with the loss before, not with the best
def early_stopping(losses, patience):
    best, bad = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[epoch - 1]:
            best, bad = epoch, 0
        else:
            bad += 1
        if bad >= patience:
            return best, epoch
    return best, len(losses) - 1


# %% early_stopping: takes an equal loss for a new best
def early_stopping(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(losses) - 1


# %% dropout: does not scale
def dropout(X, p, U, training):
    return (U >= p) * X if training else X


# %% dropout: drops in evaluation too
def dropout(X, p, U, training):
    return (U >= p) * X / (1 - p)


# %% dropout: takes p for the share that is kept
def dropout(X, p, U, training):
    return (U < p) * X / max(p, 1e-9) if training else X


# %% dropout: scales in evaluation as well
def dropout(X, p, U, training):
    return (U >= p) * X / (1 - p) if training else X * (1 - p)


# %% dropout: drops above p
def dropout(X, p, U, training):
    return (U < p) * X / (1 - p) if training else X


# %% normalize: the test set's own statistics
def normalize(train, test):
    return tuple((part - part.mean()) / part.std(correction=0) for part in (train, test))


# %% normalize: statistics of both sets
def normalize(train, test):
    both = torch.cat([train, test])
    return tuple((part - both.mean()) / both.std(correction=0) for part in (train, test))


# %% normalize: a mean for each pixel
def normalize(train, test):
    mean, std = train.mean(0), train.std(0, correction=0)
    return (train - mean) / std, (test - mean) / std


# %% normalize: variance for deviation
def normalize(train, test):
    return tuple((part - train.mean()) / train.var(correction=0) for part in (train, test))


# %% epoch_loss: mean of means
def epoch_loss(losses, sizes):
    return sum(loss.item() for loss in losses) / len(losses)


# %% epoch_loss: keeps every graph (pitfall J)
def epoch_loss(losses, sizes):
    return sum(loss * size for loss, size in zip(losses, sizes)) / sum(sizes)


# %% epoch_loss: adds up without dividing
def epoch_loss(losses, sizes):
    return sum(loss.item() * size for loss, size in zip(losses, sizes))


# %% epoch_loss: takes the last batch for a full one
def epoch_loss(losses, sizes):
    return sum(loss.item() * size for loss, size in zip(losses, sizes)) / (len(sizes) * sizes[0])
