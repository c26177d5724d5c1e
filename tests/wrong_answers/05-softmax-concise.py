"""Wrong answers to the exercises of lesson 05; each fails its own task and no other."""
# %% three_ways: softmax before CrossEntropyLoss
def three_ways(O, y):
    P = torch.softmax(O, 1)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(P.log(), y), nn.CrossEntropyLoss()(P, y)


# %% three_ways: NLLLoss on probabilities
def three_ways(O, y):
    P = torch.softmax(O, 1)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(P, y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: by hand without the minus
def three_ways(O, y):
    P = torch.softmax(O, 1)
    return P[range(len(y)), y].log().mean(), nn.NLLLoss()(P.log(), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: sum for mean
def three_ways(O, y):
    P = torch.softmax(O, 1)
    return (-P[range(len(y)), y].log().sum(), nn.NLLLoss(reduction="sum")(P.log(), y),
            nn.CrossEntropyLoss(reduction="sum")(O, y))


# %% three_ways: softmax over the batch
def three_ways(O, y):
    P = torch.softmax(O, 0)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(P.log(), y), nn.CrossEntropyLoss()(O, y)


# %% mean_gradient: backward on an unreduced loss (pitfall H)
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).backward()
    return W.grad, b.grad


# %% mean_gradient: backward from the sum
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).sum().backward()
    return W.grad, b.grad


# %% mean_gradient: the bias is left out of the model
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    O = X @ W + 0 * b
    nn.CrossEntropyLoss(reduction="none")(O, y).mean().backward()
    return W.grad, b.grad


# %% mean_gradient: only the first sample's loss
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y)[0].backward()
    return W.grad, b.grad


# %% read_products: labels from 1
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    return (torch.tensor([[float(value) for value in row[1:-1]] for row in rows]),
            torch.tensor([int(row[-1].removeprefix("Class_")) for row in rows]))


# %% read_products: the id is a feature
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    return (torch.tensor([[float(value) for value in row[:-1]] for row in rows]),
            torch.tensor([int(row[-1].removeprefix("Class_")) - 1 for row in rows]))


# %% read_products: numbers the classes as they occur
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    names = sorted({row[-1] for row in rows})
    return (torch.tensor([[float(value) for value in row[1:-1]] for row in rows]),
            torch.tensor([names.index(row[-1]) for row in rows]))


# %% read_products: integers for the features
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    return (torch.tensor([[int(value) for value in row[1:-1]] for row in rows]),
            torch.tensor([int(row[-1].removeprefix("Class_")) - 1 for row in rows]))


# %% train_products: no zero_grad
def train_products(X, y, lr, epochs):
    net, loss = nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss()
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        loss(net(torch.log1p(X)), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: on raw counts
def train_products(X, y, lr, epochs):
    net, loss = nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss()
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        updater.zero_grad()
        loss(net(X), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: the optimizer holds another network's parameters
def train_products(X, y, lr, epochs):
    net, old, loss = nn.Linear(X.shape[1], 9), nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss()
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    updater = torch.optim.SGD(old.parameters(), lr=lr)
    for _ in range(epochs):
        updater.zero_grad()
        loss(net(torch.log1p(X)), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: summed loss
def train_products(X, y, lr, epochs):
    net, loss = nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss(reduction="sum")
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        updater.zero_grad()
        loss(net(torch.log1p(X)), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: random initial weights
def train_products(X, y, lr, epochs):
    net, loss = nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss()
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        updater.zero_grad()
        loss(net(torch.log1p(X)), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% class_weights: shares
def class_weights(y, num_classes):
    return torch.bincount(y, minlength=num_classes) / len(y)


# %% class_weights: normalised to sum to 1
def class_weights(y, num_classes):
    w = 1 / torch.bincount(y, minlength=num_classes)
    return w / w.sum()


# %% class_weights: forgets the number of classes
def class_weights(y, num_classes):
    return len(y) / torch.bincount(y, minlength=num_classes)


# %% class_weights: one weight a sample
def class_weights(y, num_classes):
    return (len(y) / (num_classes * torch.bincount(y, minlength=num_classes)))[y]
