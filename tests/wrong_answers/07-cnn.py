"""Wrong answers to the exercises of lesson 07; each fails its own task and no other."""
# %% output_size: no padding
def output_size(size, layers):
    for kernel, stride, padding in layers:
        size = (size - kernel) // stride + 1
    return size


# %% output_size: padding on one side
def output_size(size, layers):
    for kernel, stride, padding in layers:
        size = (size - kernel + padding) // stride + 1
    return size


# %% output_size: forgets the first position
def output_size(size, layers):
    for kernel, stride, padding in layers:
        size = (size - kernel + 2 * padding) // stride
    return size


# %% output_size: rounds up
def output_size(size, layers):
    for kernel, stride, padding in layers:
        size = -(-(size - kernel + 2 * padding) // stride) + 1
    return size


# %% corr2d: flips the kernel
def corr2d(X, K):
    K = K.flip(0, 1)
    kh, kw = K.shape
    return torch.stack([torch.stack([(X[i:i + kh, j:j + kw] * K).sum() for j in range(X.shape[1] - kw + 1)])
                        for i in range(X.shape[0] - kh + 1)])


# %% corr2d: one position too few
def corr2d(X, K):
    kh, kw = K.shape
    Y = torch.zeros(X.shape[0] - kh, X.shape[1] - kw)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i:i + kh, j:j + kw] * K).sum()
    return Y


# %% corr2d: square kernels only
def corr2d(X, K):
    k = K.shape[0]
    Y = torch.zeros(X.shape[0] - k + 1, X.shape[1] - k + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i:i + k, j:j + k] * K).sum()
    return Y


# %% corr2d: the mean for the sum
def corr2d(X, K):
    kh, kw = K.shape
    Y = torch.zeros(X.shape[0] - kh + 1, X.shape[1] - kw + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i:i + kh, j:j + kw] * K).mean()
    return Y


# %% corr2d: calls the library
def corr2d(X, K):
    return nn.functional.conv2d(X[None, None], K[None, None])[0, 0]


# %% max_pool2d: means
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).mean((3, 5))


# %% max_pool2d: the maximum over channels too
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).amax((1, 3, 5)).unsqueeze(1)


# %% max_pool2d: axes mixed up
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, k, h // k, k, w // k).amax((2, 4))


# %% max_pool2d: starts from zeros, so negative maxima are lost
def max_pool2d(X, k):
    n, c, h, w = X.shape
    Y = torch.zeros(n, c, h // k, w // k)
    for i in range(k):
        for j in range(k):
            Y = torch.maximum(Y, X[:, :, i:h // k * k:k, j:w // k * k:k])
    return Y


# %% resume: the optimizer holds another network's parameters (pitfall K)
def resume(make_net, checkpoint):
    old, net = make_net(), make_net()
    net.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(old.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: forgets the optimizer's state
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


# %% resume: forgets the model's state
def resume(make_net, checkpoint):
    net = make_net()
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: the network is made anew after the optimizer
def resume(make_net, checkpoint):
    net = make_net()
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    return net, updater


# %% SignalNet: no activation
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        rest = ((length - 4) // 2 - 4) // 2
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.MaxPool1d(2),
                                 nn.Flatten(), nn.Linear(8 * rest, classes))

    def forward(self, X):
        return self.net(X)


# %% SignalNet: padding keeps the length
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Conv1d(4, 8, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Flatten(), nn.Linear(8 * (length // 2 // 2), classes))

    def forward(self, X):
        return self.net(X)


# %% SignalNet: a softmax at the end
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        rest = ((length - 4) // 2 - 4) // 2
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Flatten(), nn.Linear(8 * rest, classes), nn.Softmax(1))

    def forward(self, X):
        return self.net(X)


# %% SignalNet: right for one length only
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Flatten(), nn.Linear(56, classes))

    def forward(self, X):
        return self.net(X)
