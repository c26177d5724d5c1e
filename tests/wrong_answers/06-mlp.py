"""Wrong answers to the exercises of lesson 06; each fails its check. A comment says for which input, or which rule it breaks."""
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


# %% parameter_count: first and last layer only
# wrong: for three hidden layers and more, and for one layer
def parameter_count(sizes):
    return sizes[0] * sizes[1] + sizes[1] + sizes[-2] * sizes[-1] + sizes[-1]


# %% parameter_count: only hidden biases
# wrong: forgets the output's biases
def parameter_count(sizes):
    return sum(a * b for a, b in zip(sizes, sizes[1:])) + sum(sizes[1:-1])


# %% parameter_count: pops from the argument
# wrong: empties the list
def parameter_count(sizes):
    a = sizes.pop(0)
    total = 0
    while sizes:
        b = sizes.pop(0)
        total += (a + 1) * b
        a = b
    return total


# %% parameter_count: last layer lost
# wrong: range one too short
def parameter_count(sizes):
    return sum((sizes[i] + 1) * sizes[i + 1] for i in range(len(sizes) - 2))


# %% parameter_count: two sizes only
# wrong: for more than two sizes
def parameter_count(sizes):
    return (sizes[0] + 1) * sizes[1]


# %% parameter_count: three sizes
# wrong: 0 for two sizes, the last layer lost for four and more
def parameter_count(sizes):
    total = 0
    for i in range(len(sizes) - 2):
        total += (sizes[i] + 1) * sizes[i + 1]
    return total + (sizes[-2] + 1) * sizes[-1] if len(sizes) == 3 else total


# %% parameter_count: float tensors
# wrong: float32 rounds counts above 2 ** 24, such as [10000, 3333, 7]
def parameter_count(sizes):
    s = torch.tensor(sizes, dtype=torch.float32)
    return int(((s[:-1] + 1) * s[1:]).sum())


# %% parameter_count: pairs that do not overlap
# wrong: for three sizes and more
def parameter_count(sizes):
    return sum(a * b + b for a, b in zip(sizes[::2], sizes[1::2]))


# %% parameter_count: return inside the loop
# wrong: for more than one layer
def parameter_count(sizes):
    total = 0
    for a, b in zip(sizes, sizes[1:]):
        total += a * b + b
        return total


# %% parameter_count: number of tensors
# wrong: counts weights and biases as tensors
def parameter_count(sizes):
    net = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
    return len(list(net.parameters()))


# %% parameter_count: first size added to the list
# wrong: appends to the argument
def parameter_count(sizes):
    sizes.append(0)
    return sum(a * b + b for a, b in zip(sizes, sizes[1:]))


# %% parameter_count: set of the sizes
# wrong: where sizes repeat or do not grow
def parameter_count(sizes):
    s = sorted(set(sizes))
    return sum(a * b + b for a, b in zip(s, s[1:]))


# %% parameter_count: prints
# wrong: returns None
def parameter_count(sizes):
    print(sum(a * b + b for a, b in zip(sizes, sizes[1:])))


# %% parameter_count: mutable default
def parameter_count(s, total=[0]):
    total[0] += sum((a + 1) * b for a, b in zip(s, s[1:])); return total[0]


# %% parameter_count: skipping equal sizes
def parameter_count(s): return sum((a + 1) * b for a, b in zip(s, s[1:]) if a != b)


# %% parameter_count: overwritten in the loop
# wrong: for more than one layer
def parameter_count(sizes):
    for a, b in zip(sizes, sizes[1:]):
        count = a * b + b
    return count


# %% parameter_count: units
# wrong: neither weights nor biases
def parameter_count(sizes):
    return sum(sizes)


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


# %% MLP: no ReLU
# wrong: for two layers and more
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.net = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
    def forward(self, X):
        return self.net(X)


# %% MLP: plain list
# wrong: no parameters are registered
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
    def forward(self, X):
        for l in self.layers[:-1]:
            X = torch.relu(l(X))
        return self.layers[-1](X)


# %% MLP: dictionary
# wrong: no parameters are registered
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = {i: nn.Linear(a, b) for i, (a, b) in enumerate(zip(sizes, sizes[1:]))}
    def forward(self, X):
        for i, l in self.layers.items():
            X = l(X)
            if i < len(self.layers) - 1:
                X = torch.relu(X)
        return X


# %% MLP: hidden layers in a list, last one registered
# wrong: for two layers and more
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = [nn.Linear(a, b) for a, b in zip(sizes[:-2], sizes[1:-1])]
        self.last = nn.Linear(sizes[-2], sizes[-1])
    def forward(self, X):
        for l in self.hidden:
            X = torch.relu(l(X))
        return self.last(X)


# %% MLP: no super().__init__()
# wrong: cannot be built
class MLP(nn.Module):
    def __init__(self, sizes):
        self.net = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
    def forward(self, X):
        return self.net(X)


# %% MLP: forward misspelt
# wrong: net(X) fails
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])
    def foward(self, X):
        return self.net(X)


# %% MLP: forward without return
# wrong: None
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])
    def forward(self, X):
        self.net(X)


# %% MLP: softmax at the end
# wrong: logits are asked for
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1], nn.Softmax(dim=1))
    def forward(self, X):
        return self.net(X)


# %% MLP: without biases
# wrong
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b, bias=False), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])
    def forward(self, X):
        return self.net(X)


# %% MLP: last layer without bias
# wrong
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes[:-2], sizes[1:-1]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1], bias=False))
    def forward(self, X):
        return self.net(X)


# %% MLP: dropout added
# wrong: in training mode
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(0.5)]
        self.net = nn.Sequential(*layers[:-2])
    def forward(self, X):
        return self.net(X)


# %% MLP: batchnorm without parameters
# wrong: for a hidden layer
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b, affine=False), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-2])
    def forward(self, X):
        return self.net(X)


# %% MLP: detached between layers
# wrong: gradients do not reach the first layers
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
    def forward(self, X):
        for l in self.layers[:-1]:
            X = torch.relu(l(X)).detach()
        return self.layers[-1](X)


# %% MLP: forward under no_grad
# wrong: no gradients
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])
    @torch.no_grad()
    def forward(self, X):
        return self.net(X)


# %% MLP: weights used as .data
# wrong: no gradients for the weights
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
    def forward(self, X):
        for i, l in enumerate(self.layers):
            X = X @ l.weight.data.T + l.bias
            if i < len(self.layers) - 1:
                X = torch.relu(X)
        return X


# %% MLP: one hidden layer shared by all
# wrong: for equal neighbouring sizes such as [8, 8, 8, 3], too few parameters; else it fails
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.first = nn.Linear(sizes[0], sizes[1])
        self.hidden = nn.Linear(sizes[1], sizes[1])
        self.last = nn.Linear(sizes[-2], sizes[-1])
        self.n = len(sizes) - 3
    def forward(self, X):
        X = torch.relu(self.first(X))
        for _ in range(self.n):
            X = torch.relu(self.hidden(X))
        return self.last(X)


# %% MLP: one hidden layer only
# wrong: for lists that do not have three sizes
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.a = nn.Linear(sizes[0], sizes[1])
        self.b = nn.Linear(sizes[1], sizes[-1])
    def forward(self, X):
        return self.b(torch.relu(self.a(X)))


# %% MLP: pops from sizes
# wrong: changes the argument
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        a = sizes.pop(0)
        layers = []
        while sizes:
            b = sizes.pop(0)
            layers += [nn.Linear(a, b), nn.ReLU()]
            a = b
        self.net = nn.Sequential(*layers[:-1])
    def forward(self, X):
        return self.net(X)


# %% MLP: layers made anew in forward
# wrong: no parameters, other numbers each time
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
    def forward(self, X):
        for i in range(len(self.sizes) - 1):
            X = nn.Linear(self.sizes[i], self.sizes[i + 1])(X)
            if i < len(self.sizes) - 2:
                X = torch.relu(X)
        return X


# %% MLP: squeeze at the end
# wrong: a batch of one, or one output
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])
    def forward(self, X):
        return self.net(X).squeeze()


# %% MLP: sigmoid
# wrong: ReLU is asked for
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.Sigmoid()]
        self.net = nn.Sequential(*layers[:-1])
    def forward(self, X):
        return self.net(X)


# %% MLP: leaky ReLU
# wrong: for negative values
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.LeakyReLU(0.01)]
        self.net = nn.Sequential(*layers[:-1])
    def forward(self, X):
        return self.net(X)


# %% MLP: no ReLU between the last two layers
# wrong: drops one ReLU too many
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
    def forward(self, X):
        for i, l in enumerate(self.layers):
            X = l(X)
            if i < len(self.layers) - 2:
                X = torch.relu(X)
        return X


# %% MLP: an unused extra layer
# wrong: too many parameters, and gradients do not reach it
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])
        self.output = nn.Linear(sizes[-2], sizes[-1])
    def forward(self, X):
        return self.net(X)


# %% MLP: tensors with requires_grad, not parameters
# wrong: nothing is registered
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.W = [torch.randn(a, b, requires_grad=True) for a, b in zip(sizes, sizes[1:])]
        self.b = [torch.zeros(b, requires_grad=True) for b in sizes[1:]]
    def forward(self, X):
        for i in range(len(self.W)):
            X = X @ self.W[i] + self.b[i]
            if i < len(self.W) - 1:
                X = torch.relu(X)
        return X


# %% MLP: ReLU in place on the input first
# wrong: changes X and cuts its negative entries
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.ReLU(inplace=True), nn.Linear(a, b)]
        self.net = nn.Sequential(*layers)
    def forward(self, X):
        return self.net(X)


# %% MLP: relu6
class MLP(nn.Module):
    def __init__(self, sizes, act=nn.ReLU6()):
        super().__init__()
        self.act = act; self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        for l in self.ls[:-1]: X = self.act(l(X))
        return self.ls[-1](X)


# %% MLP: dropout in input only eval identity
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        X = nn.functional.dropout(X, 0.1, self.training)
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: frozen first
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.ls[0].requires_grad_(False)
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: bias frozen
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.ls[-1].bias.requires_grad_(False)
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: no_grad forward
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    @torch.no_grad()
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: shared class attr
class MLP(nn.Module):
    nets = {}
    def __init__(self, sizes):
        super().__init__()
        k = tuple(sizes)
        if k not in MLP.nets: MLP.nets[k] = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.ls = MLP.nets[k]
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: shared equal layers within net
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        made = {}
        self.ls = nn.ModuleList()
        for a, b in zip(sizes, sizes[1:]):
            if (a, b) not in made: made[a, b] = nn.Linear(a, b)
            self.ls.append(made[a, b])
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: mutable default list of layers
class MLP(nn.Module):
    def __init__(self, sizes, ls=[]):
        super().__init__()
        for a, b in zip(sizes, sizes[1:]): ls.append(nn.Linear(a, b))
        self.ls = nn.ModuleList(ls[-len(sizes) + 1:])
        self.all = nn.ModuleList(ls)
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: residual when equal sizes
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        for l in self.ls[:-1]:
            Y = l(X).relu(); X = Y + X if Y.shape == X.shape else Y
        return self.ls[-1](X)


# %% MLP: half inside
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu().bfloat16().float()
        return self.ls[-1](X)


# %% MLP: numpy out
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X).detach().numpy()


# %% MLP: caches output per batch shape in train
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])); self.n = 0
    def forward(self, X):
        self.n += 1
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X) * (1.01 if self.n > 3 else 1)


# %% MLP: only in training mode (eval: no relu)
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu() if self.training else l(X)
        return self.ls[-1](X)


# %% MLP: leaves in eval / trains False
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])); self.eval()
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: weights as plain tensors requires_grad
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.W = [torch.randn(a, b, requires_grad=True) for a, b in zip(sizes, sizes[1:])]; self.b = [torch.zeros(b, requires_grad=True) for b in sizes[1:]]
    def forward(self, X):
        for W, b in zip(self.W[:-1], self.b): X = (X @ W + b).relu()
        return X @ self.W[-1] + self.b[-1]


# %% MLP: buffers as weights
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.k = len(sizes) - 1
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            self.register_buffer(f"W{i}", torch.randn(a, b)); setattr(self, f"b{i}", nn.Parameter(torch.zeros(b)))
    def forward(self, X):
        for i in range(self.k):
            X = X @ getattr(self, f"W{i}") + getattr(self, f"b{i}"); X = X.relu() if i < self.k - 1 else X
        return X


# %% MLP: sizes reversed / sorted
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__(); sizes.sort(reverse=True)
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% MLP: softmax only in eval
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        X = self.ls[-1](X)
        return X if self.training else X.softmax(1)


# %% MLP: tanh
# wrong: ReLU is asked for
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
    def forward(self, X):
        for l in self.layers[:-1]:
            X = torch.tanh(l(X))
        return self.layers[-1](X)


# %% MLP: log_softmax at the end
# wrong: logits are asked for
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
    def forward(self, X):
        for l in self.layers[:-1]:
            X = torch.relu(l(X))
        return torch.log_softmax(self.layers[-1](X), dim=1)


# %% MLP: a ReLU before each layer
# wrong: before the first one too
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.ReLU(), nn.Linear(a, b)]
        self.net = nn.Sequential(*layers)
    def forward(self, X):
        return self.net(X)


# %% MLP: a sigmoid at the end
# wrong: logits are asked for
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        layers[-1] = nn.Sigmoid()
        self.net = nn.Sequential(*layers)
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


# %% early_stopping: best over all losses
# wrong: sees losses after the stop
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            return losses.index(min(losses)), e
    return best, len(losses) - 1


# %% early_stopping: ties count as a new best
# wrong: for equal losses
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l <= losses[best]:
            best = e
        if e - best >= patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: one epoch too late
# wrong: > instead of >=
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best > patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: nothing if no stop occurs
# wrong: None when it runs to the end
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            return best, e


# %% early_stopping: best loss starts at ten
# wrong: for losses above 10
def early_stopping(losses, patience):
    best, best_loss = 0, 10.0
    since = 0
    for e, l in enumerate(losses):
        if l < best_loss:
            best, best_loss, since = e, l, 0
        else:
            since += 1
        if since >= patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: compares with the epoch before
# wrong: e.g. [1, 3, 2, 1.5], a fall that is no new best
def early_stopping(losses, patience):
    best, bad = 0, 0
    for e in range(1, len(losses)):
        if losses[e] < losses[e - 1]:
            bad = 0
        else:
            bad += 1
        if losses[e] < losses[best]:
            best = e
        if bad >= patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: bad epochs are not reset
# wrong: they need to be in a row
def early_stopping(losses, patience):
    best, bad = 0, 0
    for e in range(1, len(losses)):
        if losses[e] < losses[best]:
            best = e
        else:
            bad += 1
        if bad >= patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: order turned
# wrong: (last, best)
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            return e, best
    return len(losses) - 1, best


# %% early_stopping: last is the number of epochs
# wrong: one too many when no stop occurs
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            return best, e
    return best, len(losses)


# %% early_stopping: counted from 1
# wrong: off by one
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            return best + 1, e + 1
    return best + 1, len(losses)


# %% early_stopping: best loss instead of its epoch
# wrong
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            return losses[best], e
    return losses[best], len(losses) - 1


# %% early_stopping: pops from losses
# wrong: changes the argument
def early_stopping(losses, patience):
    best, best_loss, e = 0, losses[0], -1
    while losses:
        l = losses.pop(0)
        e += 1
        if l < best_loss:
            best, best_loss = e, l
        if e - best >= patience:
            break
    return best, e


# %% early_stopping: last is always best plus patience
# wrong: when the list ends before
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            break
    return best, best + patience


# %% early_stopping: never stops
# wrong: ignores patience
def early_stopping(losses, patience):
    return losses.index(min(losses)), len(losses) - 1


# %% early_stopping: one epoch before the stop
# wrong: the epoch that brings the stop is run
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            return best, e - 1
    return best, len(losses) - 1


# %% early_stopping: smallest improvement of 1e-4
# wrong: for tiny improvements
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best] - 1e-4:
            best = e
        if e - best >= patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: patience at most five
# wrong: for patience above 5
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= min(patience, 5):
            return best, e
    return best, len(losses) - 1


# %% early_stopping: sorts the losses
# wrong: changes the argument, too
def early_stopping(losses, patience):
    first = list(losses)
    losses.sort()
    best = first.index(losses[0])
    return best, min(best + patience, len(first) - 1)


# %% early_stopping: counts from the last fall
# wrong: any fall against the epoch before resets the counter, and the first epoch is never the best; e.g. [1, 2, 1.5, 3, 4]
def early_stopping(losses, patience):
    best, wait = 0, 0
    for e in range(1, len(losses)):
        if losses[e] < losses[e - 1]:
            best, wait = e, 0
        else:
            wait += 1
        if wait == patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: best set by the last of equal losses
# wrong: for ties, min over (loss, -epoch); stops at the right epoch
def early_stopping(losses, patience):
    b = 0
    last = len(losses) - 1
    for e, l in enumerate(losses):
        if l < losses[b]:
            b = e
        if e - b >= patience:
            last = e
            break
    best = max(i for i in range(last + 1) if losses[i] == min(losses[:last + 1]))
    return best, last


# %% early_stopping: > patience
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]: best = e
        if e - best > patience: return best, e
    return best, e


# %% early_stopping: global min
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]: best = e
        if e - best >= patience: break
    return losses.index(min(losses)), e


# %% early_stopping: patience min 2
def early_stopping(losses, patience):
    patience = max(patience, 2); best = 0
    for e, l in enumerate(losses):
        if l < losses[best]: best = e
        if e - best >= patience: break
    return best, e


# %% early_stopping: sorts
def early_stopping(losses, patience):
    best = 0; losses.append(9e9)
    for e, l in enumerate(losses[:-1]):
        if l < losses[best]: best = e
        if e - best >= patience: break
    return best, e


# %% early_stopping: global state
best = 0
def early_stopping(losses, patience):
    global best
    for e, l in enumerate(losses):
        if best >= len(losses) or l < losses[best]: best = e
        if e - best >= patience: break
    return best, e


# %% early_stopping: patience 1 never stops
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]: best = e
        if patience > 1 and e - best >= patience: break
    return best, e


# %% early_stopping: bad epochs, one epoch too early
# wrong: for patience 2 and more
def early_stopping(losses, patience):
    best, bad = 0, 0
    for e in range(1, len(losses)):
        if losses[e] < losses[best]:
            best, bad = e, 0
        else:
            bad += 1
            if bad >= patience - 1:
                return best, e
    return best, len(losses) - 1


# %% early_stopping: epochs since the best, one epoch too early
# wrong: with patience 1 it stops in epoch 0
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best + 1 >= patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: bad epochs counted from the best one on
# wrong: with patience 1 it stops in epoch 1
def early_stopping(losses, patience):
    best, bad = 0, 1
    for e in range(1, len(losses)):
        if losses[e] < losses[best]:
            best, bad = e, 1
        else:
            bad += 1
        if bad >= patience:
            return best, e
    return best, len(losses) - 1


# %% early_stopping: the number of epochs for the last one
# wrong: one too many
def early_stopping(losses, patience):
    best = 0
    for e, l in enumerate(losses):
        if l < losses[best]:
            best = e
        if e - best >= patience:
            break
    return best, e + 1


# %% early_stopping: the loop ends one too early
# wrong: the last loss is never looked at, and a list of one fails
def early_stopping(losses, patience):
    best = 0
    for e in range(len(losses) - 1):
        if losses[e] < losses[best]:
            best = e
        if e - best >= patience:
            break
    return best, e


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


# %% dropout: not scaled
# wrong: mean falls
def dropout(X, p, U, training):
    return X * (U >= p) if training else X


# %% dropout: scaled by p
# wrong: unless p = 0.5
def dropout(X, p, U, training):
    return X * (U >= p) / p if training else X


# %% dropout: keeps what is below p
# wrong: mask turned
def dropout(X, p, U, training):
    return X * (U < p) / (1 - p) if training else X


# %% dropout: drops at p too
# wrong: where U equals p exactly; with p = 0 and U = 0
def dropout(X, p, U, training):
    return X * (U > p) / (1 - p) if training else X


# %% dropout: also in evaluation
# wrong: ignores training
def dropout(X, p, U, training):
    return X * (U >= p) / (1 - p)


# %% dropout: scaled in evaluation
# wrong: not inverted dropout
def dropout(X, p, U, training):
    return X * (U >= p) if training else X * (1 - p)


# %% dropout: zeros written into X
# wrong: changes the argument
def dropout(X, p, U, training):
    if not training:
        return X
    X[U < p] = 0
    return X / (1 - p)


# %% dropout: multiplies by 1 - p
# wrong: scale upside down
def dropout(X, p, U, training):
    return X * (U >= p) * (1 - p) if training else X


# %% dropout: own random numbers
# wrong: ignores U
def dropout(X, p, U, training):
    return X * (torch.rand_like(X) >= p) / (1 - p) if training else X


# %% dropout: torch's dropout
# wrong: ignores U
def dropout(X, p, U, training):
    return nn.functional.dropout(X, p, training)


# %% dropout: training turned
# wrong
def dropout(X, p, U, training):
    if training:
        return X
    return X * (U >= p) / (1 - p)


# %% dropout: scaled by the share that is kept
# wrong: the mask's mean is not 1 - p
def dropout(X, p, U, training):
    if not training:
        return X
    mask = (U >= p).float()
    return X * mask / mask.mean().clamp(min=1e-9)


# %% dropout: whole columns by the first row
# wrong: for more than one row
def dropout(X, p, U, training):
    return X * (U[0] >= p) / (1 - p) if training else X


# %% dropout: the mask itself
# wrong: X is forgotten
def dropout(X, p, U, training):
    return (U >= p).float() / (1 - p) if training else X


# %% dropout: an eps in the divisor
# wrong: for p close to 1, such as 0.99 with eps 1e-4
def dropout(X, p, U, training):
    return X * (U >= p) / (1 - p + 1e-4) if training else X


# %% dropout: nothing in evaluation
# wrong: None if not training
def dropout(X, p, U, training):
    if training:
        return X * (U >= p) / (1 - p)


# %% dropout: drops the entry where X is below p
# wrong: compares X
def dropout(X, p, U, training):
    return torch.where(X < p, 0.0, X / (1 - p)) if training else X


# %% dropout: dropped entries get the mean
# wrong: zero is asked for
def dropout(X, p, U, training):
    return torch.where(U < p, X.mean(), X) / (1 - p) if training else X


# %% dropout: scaled in place
# wrong: changes the argument, not seen in the result
def dropout(X, p, U, training):
    if training:
        X *= (U >= p)
        X /= 1 - p
    return X


# %% dropout: squeeze at the end
# wrong: for n = 1 or d = 1
def dropout(X, p, U, training):
    return (X * (U >= p) / (1 - p)).squeeze() if training else X


# %% dropout: eval scaled
def dropout(X, p, U, training): return X * (U >= p) / (1 - p) if training else X * (1 - p)


# %% dropout: scale by actual share
def dropout(X, p, U, training):
    m = (U >= p).float(); return X * m / m.mean() if training else X


# %% dropout: p=0 returns zeros
def dropout(X, p, U, training):
    if not training or not p: return X if p else X * 0
    return X * (U >= p) / (1 - p)


# %% dropout: half only
def dropout(X, p, U, training): return X * (U >= p) * 2 if training else X


# %% dropout: nan for inf (0*inf)  mult
def dropout(X, p, U, training): return X / (1 - p) * (U - p > 0) if training else X


# %% dropout: heaviside 1 at equality
def dropout(X, p, U, training): return X * torch.heaviside(U - p, torch.tensor(0.5)) / (1 - p) if training else X


# %% dropout: eval returns zeros mask
def dropout(X, p, U, training): return X * (U >= p) / (1 - p) if training else X * (U >= 0) * 0 + X.mean()


# %% dropout: numpy double
def dropout(X, p, U, training):
    return (X.double() * (U.double() >= p) / (1 - p)).half() if training else X


# %% dropout: drops exactly share
def dropout(X, p, U, training):
    if not training: return X
    k = int(p * U.numel()); t = U.flatten().sort().values[k]
    return X * (U >= t) / (1 - p)


# %% dropout: state first call
_m = {}
def dropout(X, p, U, training):
    if not training: return X
    if X.shape not in _m: _m[X.shape] = U >= p
    return X * _m[X.shape] / (1 - p)


# %% dropout: divides in evaluation
# wrong: only the mask looks at training
def dropout(X, p, U, training):
    mask = U >= p if training else torch.ones_like(U)
    return mask * X / (1 - p)


# %% dropout: keeps the share p
# wrong: p is dropped; nan for p = 0
def dropout(X, p, U, training):
    return X * (U < p) / p if training else X


# %% dropout: drops at p too, and returns early where p is 0
# wrong: where U equals a p above 0
def dropout(X, p, U, training):
    if not training or p == 0:
        return X
    return (U > p) * X / (1 - p)


# %% dropout: scaled by p, unless p is 0
# wrong: a share of 1 - p is kept
def dropout(X, p, U, training):
    if not training or p == 0:
        return X
    return (U >= p) * X / p


# %% dropout: random numbers from torch.rand
# wrong: ignores U
def dropout(X, p, U, training):
    return (torch.rand(X.shape) >= p) * X / (1 - p) if training else X


# %% dropout: a mask from torch.bernoulli
# wrong: ignores U
def dropout(X, p, U, training):
    return torch.bernoulli(torch.full_like(X, 1 - p)) * X / (1 - p) if training else X


# %% dropout: a mask filled by bernoulli_
# wrong: ignores U
def dropout(X, p, U, training):
    return torch.empty_like(X).bernoulli_(1 - p) * X / (1 - p) if training else X


# %% dropout: torch.native_dropout
# wrong: ignores U
def dropout(X, p, U, training):
    return torch.native_dropout(X, p, training)[0]


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


# %% normalize: each with its own statistics
# wrong: test set
def normalize(train, test):
    return ((train - train.mean()) / train.std(correction=0), (test - test.mean()) / test.std(correction=0))


# %% normalize: divides by n - 1
# wrong: for few pixels
def normalize(train, test):
    m, s = train.mean(), train.std()
    return (train - m) / s, (test - m) / s


# %% normalize: statistics for each pixel
# wrong: one mean for all pixels
def normalize(train, test):
    m, s = train.mean(0), train.std(0, correction=0)
    return (train - m) / s, (test - m) / s


# %% normalize: statistics for each image
# wrong
def normalize(train, test):
    def f(v):
        return (v - v.mean((1, 2), keepdim=True)) / v.std((1, 2), correction=0, keepdim=True)
    return f(train), f(test)


# %% normalize: statistics of both sets, again
# wrong: the test set leaks
def normalize(train, test):
    both = torch.cat([train.flatten(), test.flatten()])
    m, s = both.mean(), both.std(correction=0)
    return (train - m) / s, (test - m) / s


# %% normalize: variance instead of deviation
# wrong
def normalize(train, test):
    m, s = train.mean(), train.var(correction=0)
    return (train - m) / s, (test - m) / s


# %% normalize: test with the mean of the normalised train set
# wrong: train is overwritten first
def normalize(train, test):
    train = (train - train.mean()) / train.std(correction=0)
    test = (test - train.mean()) / train.std(correction=0)
    return train, test


# %% normalize: in place
# wrong: changes the arguments
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0)
    train -= m
    train /= s
    test -= m
    test /= s
    return train, test


# %% normalize: only shifted
# wrong
def normalize(train, test):
    m = train.mean()
    return train - m, test - m


# %% normalize: minimum and maximum
# wrong
def normalize(train, test):
    lo, hi = train.min(), train.max()
    return (train - lo) / (hi - lo), (test - lo) / (hi - lo)


# %% normalize: eps of 1e-4 added
# wrong: for images with a small deviation
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0) + 1e-4
    return (train - m) / s, (test - m) / s


# %% normalize: eps of 1e-6 under the root
# wrong: for images with a small deviation, such as 1e-3
def normalize(train, test):
    m, s = train.mean(), (train.var(correction=0) + 1e-6).sqrt()
    return (train - m) / s, (test - m) / s


# %% normalize: divides before it shifts
# wrong: train / s - m
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0)
    return train / s - m, test / s - m


# %% normalize: test set not scaled
# wrong
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0)
    return (train - m) / s, test - m


# %% normalize: test first
# wrong: order
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0)
    return (test - m) / s, (train - m) / s


# %% normalize: flattened images
# wrong: shape (n, h * w)
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0)
    return ((train - m) / s).flatten(1), ((test - m) / s).flatten(1)


# %% normalize: median
# wrong: for lopsided pixels
def normalize(train, test):
    m, s = train.median(), train.std(correction=0)
    return (train - m) / s, (test - m) / s


# %% normalize: constants of FashionMNIST
# wrong: 0.2860 and 0.3530 for everything
def normalize(train, test):
    return (train - 0.2860) / 0.3530, (test - 0.2860) / 0.3530


# %% normalize: squeeze at the end
# wrong: for one test image or one row
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0)
    return ((train - m) / s).squeeze(), ((test - m) / s).squeeze()


# %% normalize: mean of the deviations of the images
# wrong: not one deviation for all
def normalize(train, test):
    m, s = train.mean(), train.std((1, 2), correction=0).mean()
    return (train - m) / s, (test - m) / s


# %% normalize: clipped to three deviations
# wrong: for outliers
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0)
    return ((train - m) / s).clamp(-3, 3), ((test - m) / s).clamp(-3, 3)


# %% normalize: clamp 3
def normalize(a, b): return tuple(((z - a.mean()) / a.std(correction=0)).clamp(-5, 5) for z in (a, b))


# %% normalize: clamp 10
def normalize(a, b): return tuple(((z - a.mean()) / a.std(correction=0)).clamp(-10, 10) for z in (a, b))


# %% normalize: half
def normalize(a, b): return tuple(((z - a.mean()) / a.std(correction=0)).half().float() for z in (a, b))


# %% normalize: cached statistic
_s = []
def normalize(a, b):
    if not _s: _s.extend([a.mean(), a.std(correction=0)])
    return (a - _s[0]) / _s[1], (b - _s[0]) / _s[1]


# %% normalize: batchnorm eps default
def normalize(a, b):
    bn = nn.BatchNorm2d(1, momentum=1.0, affine=False); A = bn(a[:, None])[:, 0]; bn.eval(); return A, bn(b[:, None])[:, 0]


# %% normalize: only scaled
# wrong: the mean is not 0
def normalize(train, test):
    s = train.std(correction=0)
    return train / s, test / s


# %% normalize: statistics of the test set
# wrong: for both sets
def normalize(train, test):
    m, s = test.mean(), test.std(correction=0)
    return (train - m) / s, (test - m) / s


# %% normalize: flattened, and back to square images
# wrong: for images that are not square
def normalize(train, test):
    side = train.shape[1]
    rows, others = train.reshape(len(train), -1), test.reshape(len(test), -1)
    mean, std = rows.mean(), rows.std(correction=0)
    return ((rows - mean) / std).reshape(-1, side, side), ((others - mean) / std).reshape(-1, side, side)


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


# %% epoch_loss: mean of the means
# wrong: for batches of different sizes
def epoch_loss(losses, sizes):
    return sum(l.item() for l in losses) / len(losses)


# %% epoch_loss: a tensor with a graph
# wrong
def epoch_loss(losses, sizes):
    return sum(l * n for l, n in zip(losses, sizes)) / sum(sizes)


# %% epoch_loss: not divided
# wrong: the sum
def epoch_loss(losses, sizes):
    return float(sum(l.item() * n for l, n in zip(losses, sizes)))


# %% epoch_loss: divided by the number of batches
# wrong
def epoch_loss(losses, sizes):
    return sum(l.item() * n for l, n in zip(losses, sizes)) / len(sizes)


# %% epoch_loss: sum of means over n
# wrong: for batches larger than 1
def epoch_loss(losses, sizes):
    return sum(l.item() for l in losses) / sum(sizes)


# %% epoch_loss: first batch size for all
# wrong: for a smaller last batch
def epoch_loss(losses, sizes):
    return sum(l.item() * sizes[0] for l in losses) / (sizes[0] * len(losses))


# %% epoch_loss: last batch left out
# wrong
def epoch_loss(losses, sizes):
    return sum(l.item() * n for l, n in zip(losses[:-1], sizes[:-1])) / max(sum(sizes[:-1]), 1)


# %% epoch_loss: last loss only
# wrong
def epoch_loss(losses, sizes):
    return losses[-1].item()


# %% epoch_loss: divides by the size
# wrong: loss / n
def epoch_loss(losses, sizes):
    return sum(l.item() / n for l, n in zip(losses, sizes)) / len(losses)


# %% epoch_loss: whole-number division
# wrong
def epoch_loss(losses, sizes):
    return float(sum(l.item() * n for l, n in zip(losses, sizes)) // sum(sizes))


# %% epoch_loss: pops from the lists
# wrong: changes the arguments
def epoch_loss(losses, sizes):
    total = count = 0
    while losses:
        n = sizes.pop()
        total += losses.pop().item() * n
        count += n
    return total / count


# %% epoch_loss: return inside the loop
# wrong: for more than one batch
def epoch_loss(losses, sizes):
    total = 0
    for l, n in zip(losses, sizes):
        total += l.item() * n
        return total / sum(sizes)


# %% epoch_loss: median of the losses
# wrong
def epoch_loss(losses, sizes):
    return torch.stack(losses).median().item()


# %% epoch_loss: the product of the means
# wrong: mean loss times mean size over n
def epoch_loss(losses, sizes):
    m = sum(l.item() for l in losses) / len(losses)
    return m * (sum(sizes) / len(sizes)) / sum(sizes)


# %% epoch_loss: rounded to two places
# wrong
def epoch_loss(losses, sizes):
    return round(sum(l.item() * n for l, n in zip(losses, sizes)) / sum(sizes), 2)


# %% epoch_loss: n - 1
# wrong
def epoch_loss(losses, sizes):
    return sum(l.item() * n for l, n in zip(losses, sizes)) / (sum(sizes) - 1 + 1e-9)


# %% epoch_loss: detaches in place
# wrong: detach_ cuts the given losses from their graphs
def epoch_loss(losses, sizes):
    for l in losses:
        l.detach_()
    return float(sum(l * n for l, n in zip(losses, sizes)) / sum(sizes))


# %% epoch_loss: list overwritten with numbers
# wrong: changes the argument
def epoch_loss(losses, sizes):
    for i in range(len(losses)):
        losses[i] = losses[i].item() * sizes[i]
    return sum(losses) / sum(sizes)


# %% epoch_loss: loss scaled in place
# wrong: changes the tensors of the argument
def epoch_loss(losses, sizes):
    total = 0.0
    for l, n in zip(losses, sizes):
        l.data *= n
        total += l.item()
    return total / sum(sizes)


# %% epoch_loss: eps in the divisor
# wrong: for few samples, 1e-2 of one
def epoch_loss(losses, sizes):
    return sum(l.item() * n for l, n in zip(losses, sizes)) / (sum(sizes) + 1e-2)


# %% epoch_loss: whole losses
# wrong: int(l)
def epoch_loss(losses, sizes):
    return sum(int(l) * n for l, n in zip(losses, sizes)) / sum(sizes)


# %% epoch_loss: backward first
def epoch_loss(l, n):
    for v in l: v.backward()
    return sum(v.item() * k for v, k in zip(l, n)) / sum(n)


# %% epoch_loss: mutable default
def epoch_loss(l, n, tot=[0, 0]):
    for v, k in zip(l, n): tot[0] += v.item() * k; tot[1] += k
    return tot[0] / tot[1]


# %% epoch_loss: requires grad
def epoch_loss(l, n): return torch.tensor(sum(v.item() * k for v, k in zip(l, n)) / sum(n), requires_grad=True)


# %% epoch_loss: equal sizes assumption when one size>..
def epoch_loss(l, n):
    if len(set(n[:-1])) <= 1: return (sum(v.item() for v in l[:-1]) * n[0] + l[-1].item() * n[-1]) / sum(n)
    return sum(v.item() for v in l) / len(l)


# %% epoch_loss: half
def epoch_loss(l, n): return (torch.stack(l).detach().half() * torch.tensor(n)).sum().item() / sum(n)


# %% epoch_loss: item then backward for step
def epoch_loss(losses, sizes):
    total = 0.0
    for l, n in zip(losses, sizes):
        l.backward(); total += l.item() * n
    return total / sum(sizes)


# %% epoch_loss: sum of the means
# wrong: neither weighed nor divided
def epoch_loss(losses, sizes):
    return sum(l.item() for l in losses)


# %% epoch_loss: it takes the gradients as well
def epoch_loss(losses, sizes):
    total = 0.0
    for loss, size in zip(losses, sizes):
        loss.backward(retain_graph=True)
        total += loss.item() * size
    return total / sum(sizes)


# %% epoch_loss: prints
def epoch_loss(losses, sizes):
    print(sum(loss.item() * size for loss, size in zip(losses, sizes)) / sum(sizes))


# %% epoch_loss: looks up the size of a batch by its loss
# wrong: where two batches have the same loss, and not the same size
def epoch_loss(losses, sizes):
    return sum(loss.item() * sizes[losses.index(loss)] for loss in losses) / sum(sizes)


# %% epoch_loss: the last hundred batches only
# wrong: for a longer epoch
def epoch_loss(losses, sizes):
    losses, sizes = losses[-100:], sizes[-100:]
    return sum(loss.item() * size for loss, size in zip(losses, sizes)) / sum(sizes)


# %% MLP: all zeros
# wrong: units that are alike stay alike
def MLP(sizes):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    for p in net.parameters():
        torch.nn.init.zeros_(p)
    return net


# %% normalize: no brackets
# wrong: divides only the mean
def normalize(train, test):
    mean, std = train.mean(), train.std(correction=0)
    return train - mean / std, test - mean / std


# %% MLP: layers made at the first call
# wrong: an optimizer that was made before finds none
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.sizes, self.layers = sizes, None

    def forward(self, X):
        if self.layers is None:
            self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(self.sizes, self.sizes[1:]))
        for layer in self.layers[:-1]:
            X = torch.relu(layer(X))
        return self.layers[-1](X)


# %% normalize: in half precision
# wrong: three digits
def normalize(train, test):
    mean, std = train.mean(), train.std(correction=0)
    return ((train - mean) / std).half(), ((test - mean) / std).half()


# %% early_stopping: the last number's epoch
# wrong: where it stops before
def early_stopping(losses, patience):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        best, waited = (epoch, 0) if losses[epoch] < losses[best] else (best, waited + 1)
        if waited == patience:
            break
    return best, len(losses) - 1


# %% early_stopping: a step must be larger than a millionth
# wrong: for smaller ones
def early_stopping(losses, patience):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        best, waited = (epoch, 0) if losses[epoch] < losses[best] - 1e-6 else (best, waited + 1)
        if waited == patience:
            return best, epoch
    return best, len(losses) - 1


# %% normalize: each set by its own, with std()
# wrong: both slips
def normalize(train, test):
    return tuple((each - each.mean()) / each.std() for each in (train, test))


# %% normalize: test is forgotten
# wrong: it is not scaled
def normalize(train, test):
    return (train - train.mean()) / train.std(correction=0), test.clone()


# %% MLP: weights are tensors
# wrong: no nn.Parameter
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.W = [torch.randn(b, a, requires_grad=True) for a, b in zip(sizes, sizes[1:])]

    def forward(self, X):
        for W in self.W[:-1]:
            X = torch.relu(X @ W.T)
        return X @ self.W[-1].T


# %% normalize: the test set's own mean
# wrong: the deviation alone is the training set's
def normalize(train, test):
    std = train.std(correction=0)
    return (train - train.mean()) / std, (test - test.mean()) / std


# %% normalize: the test set's own deviation
# wrong: the mean alone is the training set's
def normalize(train, test):
    mean = train.mean()
    return (train - mean) / train.std(correction=0), (test - mean) / test.std(correction=0)
