"""Wrong answers to the exercises of lesson 07; each fails its check. A comment says for which input, or which rule it breaks."""
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


# %% output_size: padding on one side, again
# wrong: for padding > 0
def output_size(size, layers):
    for k, s, p in layers:
        size = (size - k + p) // s + 1
    return size


# %% output_size: without the one
# wrong
def output_size(size, layers):
    for k, s, p in layers:
        size = (size - k + 2 * p) // s
    return size


# %% output_size: only the first layer
# wrong: for more than one layer
def output_size(size, layers):
    k, s, p = layers[0]
    return (size - k + 2 * p) // s + 1


# %% output_size: return in the loop
# wrong: for more than one layer, None for none
def output_size(size, layers):
    for k, s, p in layers:
        size = (size - k + 2 * p) // s + 1
        return size


# %% output_size: rounds up, again
# wrong: where the stride does not fit
import math
def output_size(size, layers):
    for k, s, p in layers:
        size = math.ceil((size - k + 2 * p) / s) + 1
    return size


# %% output_size: round
# wrong: rounds 1.75 up
def output_size(size, layers):
    for k, s, p in layers:
        size = round((size - k + 2 * p) / s + 1)
    return size


# %% output_size: true division
# wrong: a float
def output_size(size, layers):
    for k, s, p in layers:
        size = (size - k + 2 * p) / s + 1
    return size


# %% output_size: padding and stride swapped
# wrong
def output_size(size, layers):
    for k, p, s in layers:
        size = (size - k + 2 * p) // max(s, 1) + 1
    return size


# %% output_size: always the first size
# wrong: each layer starts from the image
def output_size(size, layers):
    out = size
    for k, s, p in layers:
        out = (size - k + 2 * p) // s + 1
    return out


# %% output_size: builds the layers
# wrong: rule, without building the layers
def output_size(size, layers):
    X = torch.zeros(1, 1, size, size)
    for k, s, p in layers:
        X = nn.Conv2d(1, 1, k, stride=s, padding=p)(X)
    return X.shape[-1]


# %% output_size: builds them by F.conv2d
# wrong: rule, a convolution is run
def output_size(size, layers):
    X = torch.zeros(1, 1, size, size)
    for k, s, p in layers:
        X = torch.conv2d(X, torch.zeros(1, 1, k, k), stride=s, padding=p)
    return X.size(3)


# %% output_size: pops from the argument
# wrong: empties the list
def output_size(size, layers):
    while layers:
        k, s, p = layers.pop(0)
        size = (size - k + 2 * p) // s + 1
    return size


# %% output_size: layers from the back
# wrong: order matters
def output_size(size, layers):
    for k, s, p in reversed(layers):
        size = (size - k + 2 * p) // s + 1
    return size


# %% output_size: reversed in place
# wrong: changes the argument
def output_size(size, layers):
    layers.reverse()
    for k, s, p in layers[::-1]:
        size = (size - k + 2 * p) // s + 1
    return size


# %% output_size: stride ignored
# wrong: for stride > 1
def output_size(size, layers):
    for k, s, p in layers:
        size = size - k + 2 * p + 1
    return size


# %% output_size: divides the size first
# wrong: size // s - k + 1
def output_size(size, layers):
    for k, s, p in layers:
        size = (size + 2 * p) // s - k + 1
    return size


# %% output_size: a tuple of both sides
# wrong: an int is asked for
def output_size(size, layers):
    for k, s, p in layers:
        size = (size - k + 2 * p) // s + 1
    return size, size


# %% output_size: number of pixels
# wrong: the side is asked for
def output_size(size, layers):
    for k, s, p in layers:
        size = (size - k + 2 * p) // s + 1
    return size * size


# %% output_size: sizes of all layers
# wrong: a list
def output_size(size, layers):
    out = []
    for k, s, p in layers:
        size = (size - k + 2 * p) // s + 1
        out.append(size)
    return out


# %% output_size: same as long as stride divides
# wrong: formula of "same" padding, size // s
def output_size(size, layers):
    for k, s, p in layers:
        size = -(-size // s) if p else (size - k) // s + 1
    return size


# %% output_size: one padding
def output_size(n, L):
    for k, s, p in L: n = (n - k + p) // s + 1
    return n


# %% output_size: image by zeros.unfold
def output_size(n, L):
    for k, s, p in L: n = torch.zeros(n + 2 * p).unfold(0, k, s).shape[0]
    return n


# %% output_size: padding before stride only
def output_size(n, L):
    for k, s, p in L: n = (n - k) // s + 1 + 2 * p
    return n


# %% output_size: without the kernel
# wrong: as if each kernel were 0 wide
def output_size(size, layers):
    for k, s, p in layers:
        size = (size + 2 * p) // s + 1
    return size


# %% output_size: divided by the stride
# wrong: where the kernel is wider than the stride
def output_size(size, layers):
    for k, s, p in layers:
        size = (size + 2 * p) // s
    return size


# %% output_size: builds pooling layers
# wrong: without building the layers
def output_size(size, layers):
    image = torch.zeros(1, 1, size, size)
    for kernel, stride, padding in layers:
        image = nn.functional.max_pool2d(image, kernel, stride, padding)
    return image.shape[-1]


# %% output_size: builds layers that take the mean
# wrong: without building the layers
def output_size(size, layers):
    image = torch.zeros(1, 1, size, size)
    for kernel, stride, padding in layers:
        image = nn.AvgPool2d(kernel, stride, padding)(image)
    return image.shape[-1]


# %% corr2d: kernel flipped
# wrong: true convolution
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    K = K.flip(0, 1)
    win = P.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win * K).sum((2, 3))


# %% corr2d: kernel transposed
# wrong: for kernels that are not symmetric
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    win = P.unfold(0, K.shape[1], stride).unfold(1, K.shape[0], stride)
    return (win * K.T).sum((2, 3))


# %% corr2d: F.conv2d
# wrong: rule, PyTorch's convolution
from torch.nn import functional as F
def corr2d(X, K, padding, stride):
    return F.conv2d(X[None, None], K[None, None], padding=padding, stride=stride)[0, 0]


# %% corr2d: nn.Conv2d
# wrong: rule, PyTorch's convolution
def corr2d(X, K, padding, stride):
    conv = nn.Conv2d(1, 1, tuple(K.shape), padding=padding, stride=stride, bias=False)
    with torch.no_grad():
        conv.weight[:] = K
        return conv(X[None, None]).squeeze(0).squeeze(0)


# %% corr2d: torch.conv2d
# wrong: rule, PyTorch's convolution
def corr2d(X, K, padding, stride):
    return torch.conv2d(X.reshape(1, 1, *X.shape), K.reshape(1, 1, *K.shape), None, stride, padding)[0][0]


# %% corr2d: conv1d row by row
# wrong: rule, PyTorch's convolution
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    kh = K.shape[0]
    rows = []
    for i in range(0, P.shape[0] - kh + 1, stride):
        rows.append(torch.conv1d(P[i:i + kh][None], K[None], stride=stride)[0, 0])
    return torch.stack(rows)


# %% corr2d: ready-made of the course
# wrong: rule, no ready-made corr2d
def corr2d(X, K, padding, stride):
    import utils
    return utils.corr2d(nn.functional.pad(X, [padding] * 4), K)[::stride, ::stride]


# %% corr2d: ready-made of d2l
# wrong: rule, no ready-made corr2d
def corr2d(X, K, padding, stride):
    from d2l import torch as d2l
    return d2l.corr2d(nn.functional.pad(X, [padding] * 4), K)[::stride, ::stride]


# %% corr2d: padding ignored
# wrong: for padding > 0
def corr2d(X, K, padding, stride):
    win = X.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win * K).sum((2, 3))


# %% corr2d: stride ignored
# wrong: for stride > 1
def corr2d(X, K, padding, stride):
    win = nn.functional.pad(X, [padding] * 4).unfold(0, K.shape[0], 1).unfold(1, K.shape[1], 1)
    return (win * K).sum((2, 3))


# %% corr2d: stride for rows only
# wrong: for stride > 1
def corr2d(X, K, padding, stride):
    win = nn.functional.pad(X, [padding] * 4).unfold(0, K.shape[0], stride).unfold(1, K.shape[1], 1)
    return (win * K).sum((2, 3))


# %% corr2d: padding above and left only
# wrong: for padding > 0
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, (2 * padding, 0, 2 * padding, 0))
    win = P.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win * K).sum((2, 3))


# %% corr2d: padding for columns only
# wrong: for padding > 0
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, (padding, padding))
    win = P.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win * K).sum((2, 3))


# %% corr2d: last row and column lost
# wrong: off by one
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    kh, kw = K.shape
    oh, ow = (P.shape[0] - kh) // stride, (P.shape[1] - kw) // stride
    Y = torch.zeros(oh, ow)
    for i in range(oh):
        for j in range(ow):
            Y[i, j] = (P[i * stride:i * stride + kh, j * stride:j * stride + kw] * K).sum()
    return Y


# %% corr2d: window at i, not at i * stride
# wrong: for stride > 1
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    kh, kw = K.shape
    Y = torch.zeros((P.shape[0] - kh) // stride + 1, (P.shape[1] - kw) // stride + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (P[i:i + kh, j:j + kw] * K).sum()
    return Y


# %% corr2d: square kernels only
# wrong: uses kh for both sides
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    k = K.shape[0]
    win = P.unfold(0, k, stride).unfold(1, k, stride)
    return (win * K).sum((2, 3))


# %% corr2d: square images only
# wrong: h for both sides
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    kh, kw = K.shape
    n = (P.shape[0] - kh) // stride + 1
    Y = torch.zeros(n, n)
    for i in range(n):
        for j in range(n):
            Y[i, j] = (P[i * stride:i * stride + kh, j * stride:j * stride + kw] * K).sum()
    return Y


# %% corr2d: mean of the products
# wrong: for kernels larger than 1 x 1
def corr2d(X, K, padding, stride):
    win = nn.functional.pad(X, [padding] * 4).unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win * K).mean((2, 3))


# %% corr2d: matrix product of window and kernel
# wrong: fails or differs except for 1 x 1
def corr2d(X, K, padding, stride):
    win = nn.functional.pad(X, [padding] * 4).unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win @ K.T).sum((2, 3))


# %% corr2d: replicated border
# wrong: zeros are asked for
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X[None], [padding] * 4, mode="replicate")[0]
    win = P.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win * K).sum((2, 3))


# %% corr2d: squeeze at the end
# wrong: one row or one column
def corr2d(X, K, padding, stride):
    win = nn.functional.pad(X, [padding] * 4).unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win * K).sum((2, 3)).squeeze()


# %% corr2d: whole numbers
# wrong: fractions are cut off
def corr2d(X, K, padding, stride):
    win = nn.functional.pad(X, [padding] * 4).unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return (win * K).sum((2, 3)).long()


# %% corr2d: kernel flipped in place and back to front
# wrong: negates K, an argument, for good
def corr2d(X, K, padding, stride):
    K.neg_()
    win = nn.functional.pad(X, [padding] * 4).unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride)
    return -(win * K).sum((2, 3))


# %% corr2d: first window only
# wrong: one number everywhere
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    kh, kw = K.shape
    v = (P[:kh, :kw] * K).sum()
    return v.expand((P.shape[0] - kh) // stride + 1, (P.shape[1] - kw) // stride + 1).clone()


# %% corr2d: list of lists
# wrong: not a tensor of that shape
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    kh, kw = K.shape
    return [[float((P[i:i + kh, j:j + kw] * K).sum()) for j in range(0, P.shape[1] - kw + 1, stride)]
            for i in range(0, P.shape[0] - kh + 1, stride)]


# %% corr2d: aten convolution
def corr2d(X, K, padding, stride): return torch.ops.aten.convolution(X[None, None], K[None, None], None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1)[0, 0]


# %% corr2d: grad of conv transpose
def corr2d(X, K, padding, stride):
    Y = nn.functional.conv_transpose2d(X[None, None], K.flip(0, 1)[None, None])[0, 0]
    kh, kw = K.shape; Y = nn.functional.pad(Y, (padding,) * 4)
    return Y[kh - 1:Y.shape[0] - kh + 1:stride, kw - 1:Y.shape[1] - kw + 1:stride]


# %% corr2d: lambda conv via nn.grad conv2d_weight
def corr2d(X, K, padding, stride):
    Z = nn.functional.pad(X, (padding,) * 4)
    return torch.nn.grad.conv2d_weight(Z[None, None], (1, 1, Z.shape[0] - K.shape[0] + 1, Z.shape[1] - K.shape[1] + 1), K[None, None].contiguous())[0, 0][::stride, ::stride]


# %% corr2d: padding 0 slicing bug
def corr2d(X, K, padding, stride):
    Z = torch.zeros(X.shape[0] + 2 * padding, X.shape[1] + 2 * padding); Z[padding:-padding, padding:-padding] = X; kh, kw = K.shape
    return (Z.unfold(0, kh, stride).unfold(1, kw, stride) * K).sum((2, 3))


# %% corr2d: stride not in position
def corr2d(X, K, padding, stride):
    Z = nn.functional.pad(X, (padding,) * 4); kh, kw = K.shape; Y = torch.zeros((Z.shape[0] - kh) // stride + 1, (Z.shape[1] - kw) // stride + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]): Y[i, j] = (Z[i:i + kh, j:j + kw] * K).sum()
    return Y


# %% corr2d: stride capped 2
def corr2d(X, K, padding, stride):
    stride = min(stride, 3); Z = nn.functional.pad(X, (padding,) * 4); kh, kw = K.shape
    return (Z.unfold(0, kh, stride).unfold(1, kw, stride) * K).sum((2, 3))


# %% corr2d: padding capped 2
def corr2d(X, K, padding, stride):
    padding = min(padding, 2); Z = nn.functional.pad(X, (padding,) * 4); kh, kw = K.shape
    return (Z.unfold(0, kh, stride).unfold(1, kw, stride) * K).sum((2, 3))


# %% corr2d: padding capped 3
def corr2d(X, K, padding, stride):
    padding = min(padding, 3); Z = nn.functional.pad(X, (padding,) * 4); kh, kw = K.shape
    return (Z.unfold(0, kh, stride).unfold(1, kw, stride) * K).sum((2, 3))


# %% corr2d: stride rows only
def corr2d(X, K, padding, stride):
    Z = nn.functional.pad(X, (padding,) * 4); kh, kw = K.shape
    return (Z.unfold(0, kh, stride).unfold(1, kw, 1) * K).sum((2, 3))


# %% corr2d: ones padding
def corr2d(X, K, padding, stride):
    Z = nn.functional.pad(X, (padding,) * 4, value=1); kh, kw = K.shape
    return (Z.unfold(0, kh, stride).unfold(1, kw, stride) * K).sum((2, 3))


# %% corr2d: half
def corr2d(X, K, padding, stride):
    Z = nn.functional.pad(X, (padding,) * 4).half(); kh, kw = K.shape
    return (Z.unfold(0, kh, stride).unfold(1, kw, stride) * K.half()).sum((2, 3)).float()


# %% corr2d: cached padded
pads = {}
def corr2d(X, K, padding, stride):
    key = (X.shape, padding)
    if key not in pads: pads[key] = nn.functional.pad(X, (padding,) * 4)
    Z = pads[key]; kh, kw = K.shape
    return (Z.unfold(0, kh, stride).unfold(1, kw, stride) * K).sum((2, 3))


# %% corr2d: padding below and on the right only
# wrong: for padding > 0
def corr2d(X, K, padding, stride):
    P = torch.zeros(X.shape[0] + padding, X.shape[1] + padding)
    P[:X.shape[0], :X.shape[1]] = X
    return (P.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride) * K).sum((2, 3))


# %% corr2d: no padding below and on the right
# wrong: for padding > 0
def corr2d(X, K, padding, stride):
    P = torch.zeros(X.shape[0] + padding, X.shape[1] + padding)
    P[padding:, padding:] = X
    return (P.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride) * K).sum((2, 3))


# %% corr2d: padding for rows only
# wrong: for padding > 0
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, (0, 0, padding, padding))
    return (P.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride) * K).sum((2, 3))


# %% corr2d: image in the upper left corner
# wrong: for padding > 0
def corr2d(X, K, padding, stride):
    P = torch.zeros(X.shape[0] + 2 * padding, X.shape[1] + 2 * padding)
    P[:X.shape[0], :X.shape[1]] = X
    return (P.unfold(0, K.shape[0], stride).unfold(1, K.shape[1], stride) * K).sum((2, 3))


# %% corr2d: stride for columns only
# wrong: for stride > 1
def corr2d(X, K, padding, stride):
    P = nn.functional.pad(X, [padding] * 4)
    return (P.unfold(0, K.shape[0], 1).unfold(1, K.shape[1], stride) * K).sum((2, 3))


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


# %% max_pool2d: starts at zero
# wrong: for negative windows
def max_pool2d(X, k):
    n, c, h, w = X.shape
    Y = torch.zeros(n, c, h // k, w // k)
    for a in range(k):
        for b in range(k):
            Y = torch.maximum(Y, X[:, :, a::k, b::k][:, :, :h // k, :w // k])
    return Y


# %% max_pool2d: F.max_pool2d
# wrong: rule, PyTorch's pooling
from torch.nn import functional as F
def max_pool2d(X, k):
    return F.max_pool2d(X, k)


# %% max_pool2d: nn.MaxPool2d
# wrong: rule, PyTorch's pooling
def max_pool2d(X, k):
    return nn.MaxPool2d(k, stride=k)(X)


# %% max_pool2d: adaptive pooling
# wrong: rule, PyTorch's pooling
def max_pool2d(X, k):
    h, w = X.shape[2] // k, X.shape[3] // k
    return nn.functional.adaptive_max_pool2d(X[:, :, :h * k, :w * k], (h, w))


# %% max_pool2d: max_pool1d twice
# wrong: rule, PyTorch's pooling
def max_pool2d(X, k):
    n, c, h, w = X.shape
    Y = torch.max_pool1d(X.reshape(n, c * h, w), k).reshape(n, c, h, w // k)
    Y = torch.max_pool1d(Y.transpose(2, 3).reshape(n, c * (w // k), h), k)
    return Y.reshape(n, c, w // k, h // k).transpose(2, 3)


# %% max_pool2d: border not cut
# wrong: fails where k does not divide h or w
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X.reshape(n, c, h // k, k, w // k, k).amax((3, 5))


# %% max_pool2d: flat view of a non-contiguous image
# wrong: view(n * c, h, w) fails for non-contiguous X
def max_pool2d(X, k):
    n, c, h, w = X.shape
    Z = X.view(n * c, h, w)
    return torch.stack([torch.stack([Z[:, i * k:i * k + k, j * k:j * k + k].amax((1, 2)) for j in range(w // k)], 1)
                        for i in range(h // k)], 1).view(n, c, h // k, w // k)


# %% max_pool2d: overlapping windows
# wrong: stride 1
def max_pool2d(X, k):
    return X.unfold(2, k, 1).unfold(3, k, 1).amax((4, 5))


# %% max_pool2d: wrong axes
# wrong: amax over h // k and k
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).amax((2, 4))


# %% max_pool2d: windows of 2 only
# wrong: for k other than 2
def max_pool2d(X, k):
    h, w = X.shape[2] // 2 * 2, X.shape[3] // 2 * 2
    a = torch.maximum(X[:, :, 0:h:2], X[:, :, 1:h:2])
    return torch.maximum(a[..., 0:w:2], a[..., 1:w:2])


# %% max_pool2d: border windows kept
# wrong: ceil, where k does not divide
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return torch.stack([torch.stack([X[:, :, i:i + k, j:j + k].amax((2, 3)) for j in range(0, w, k)], -1)
                        for i in range(0, h, k)], 2)


# %% max_pool2d: square images only
# wrong: h for both sides
def max_pool2d(X, k):
    n, c, h, w = X.shape
    m = h // k
    return X[:, :, :m * k, :m * k].reshape(n, c, m, k, m, k).amax((3, 5))


# %% max_pool2d: maximum over the channels too
# wrong: for more than one channel
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).amax((1, 3, 5), keepdim=False).unsqueeze(1)


# %% max_pool2d: first sample only
# wrong: for batches > 1
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:1, :, :h // k * k, :w // k * k].reshape(1, c, h // k, k, w // k, k).amax((3, 5))


# %% max_pool2d: squeeze at the end
# wrong: for n = 1 or c = 1
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).amax((3, 5)).squeeze()


# %% max_pool2d: largest absolute value
# wrong: for negative entries
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].abs().reshape(n, c, h // k, k, w // k, k).amax((3, 5))


# %% max_pool2d: max along one axis only
# wrong: the first column of each window
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k:k].reshape(n, c, h // k, k, w // k).amax(3)


# %% max_pool2d: border cut at the upper left
# wrong: leaves out the first rows and columns
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, h % k:, w % k:].reshape(n, c, h // k, k, w // k, k).amax((3, 5))


# %% max_pool2d: minimum
# wrong
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).amin((3, 5))


# %% max_pool2d: last windows lost
# wrong: range ends one too early where k divides
def max_pool2d(X, k):
    n, c, h, w = X.shape
    Y = torch.zeros(n, c, h // k, w // k)
    for a, i in enumerate(range(0, h - k, k)):
        for b, j in enumerate(range(0, w - k, k)):
            Y[:, :, a, b] = X[:, :, i:i + k, j:j + k].amax((2, 3))
    return Y


# %% max_pool2d: written into X
# wrong: changes the argument
def max_pool2d(X, k):
    n, c, h, w = X.shape
    for i in range(h // k):
        for j in range(w // k):
            X[:, :, i, j] = X[:, :, i * k:i * k + k, j * k:j * k + k].amax((2, 3))
    return X[:, :, :h // k, :w // k].clone()


# %% max_pool2d: aten
def max_pool2d(X, k): return torch.ops.aten.max_pool2d_with_indices(X, [k, k], [k, k])[0]


# %% max_pool2d: aten.max_pool2d
def max_pool2d(X, k): return torch.ops.aten.max_pool2d(X, [k, k])


# %% max_pool2d: zero init max
def max_pool2d(X, k): return X.unfold(2, k, k).unfold(3, k, k).amax((-1, -2)).clamp(min=0)


# %% max_pool2d: stride 1
def max_pool2d(X, k): return X.unfold(2, k, 1).unfold(3, k, 1).amax((-1, -2))


# %% max_pool2d: k=1 special
def max_pool2d(X, k): return X.unfold(2, k, k).unfold(3, k, k).amax((-1, -2)) if k > 1 else X.relu()


# %% max_pool2d: half
def max_pool2d(X, k): return X.half().unfold(2, k, k).unfold(3, k, k).amax((-1, -2)).float()


# %% max_pool2d: median of sort
def max_pool2d(X, k): return X.unfold(2, k, k).unfold(3, k, k).flatten(4).topk(min(2, k * k), -1).values[..., -1]


# %% max_pool2d: running max from -100
def max_pool2d(X, k):
    n, c, h, w = X.shape; Y = torch.full((n, c, h // k, w // k), -100.0)
    for i in range(h // k):
        for j in range(w // k):
            for a in range(k):
                for b in range(k): Y[:, :, i, j] = torch.maximum(Y[:, :, i, j], X[:, :, i * k + a, j * k + b])
    return Y


# %% max_pool2d: sums
# wrong: for windows of more than one pixel
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).sum((3, 5))


# %% max_pool2d: maximum over the images too
# wrong: for more than one image
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).amax((0, 3, 5)).unsqueeze(0)


# %% max_pool2d: upper left pixel of each window
# wrong: nothing is compared
def max_pool2d(X, k):
    n, c, h, w = X.shape
    Y = torch.zeros(n, c, h // k, w // k)
    for i in range(h // k):
        for j in range(w // k):
            Y[:, :, i, j] = X[:, :, i * k, j * k]
    return Y


# %% max_pool2d: each k-th pixel
# wrong: nothing is compared, and the border is not cut
def max_pool2d(X, k):
    return X[:, :, ::k, ::k]


# %% max_pool2d: one of two axes forgotten
# wrong: five axes are left
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).amax(3)


# %% max_pool2d: unfolded along the rows only
# wrong: the width stays
def max_pool2d(X, k):
    return X.unfold(2, k, k).amax(-1)


# %% max_pool2d: the smallest absolute value, made negative
# wrong: only where all are negative, as in the example
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return -X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).abs().amin((3, 5))


# %% max_pool2d: F.max_pool3d
# wrong: ready-made
def max_pool2d(X, k):
    return nn.functional.max_pool3d(X, (1, k, k))


# %% max_pool2d: adaptive pooling in three dimensions
# wrong: ready-made
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return nn.functional.adaptive_max_pool3d(X[:, :, :h // k * k, :w // k * k], (c, h // k, w // k))


# %% max_pool2d: fractional pooling
# wrong: ready-made, and its windows are random
def max_pool2d(X, k):
    n, c, h, w = X.shape
    return nn.functional.fractional_max_pool2d(X, k, output_size=(h // k, w // k))


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


# %% resume: optimizer of another network
# wrong: step does not move net
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    other = make_net()
    updater = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: make_net called once more for the optimizer
# wrong: step does not move net
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(make_net().parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: left in eval mode
# wrong: dropout and batch norm behave differently
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    net.eval()
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: buffers forgotten
# wrong: for batch norm's running mean
def resume(make_net, checkpoint):
    net = make_net()
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.copy_(checkpoint["model"][name])
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: assign=True
# wrong: shares the checkpoint's tensors, which change while training goes on
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"], assign=True)
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: p.data is the checkpoint's tensor
# wrong: shares the checkpoint's tensors
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    for name, p in net.named_parameters():
        p.data = checkpoint["model"][name].data
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: buffers shared
# wrong: batch norm's running mean in the checkpoint changes with training
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    for module_name, module in net.named_modules():
        for name, b in module.named_buffers(recurse=False):
            module._buffers[name] = checkpoint["model"][f"{module_name}.{name}" if module_name else name]
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: assign=True after the optimizer was made
# wrong: the optimizer holds the parameters that were replaced
def resume(make_net, checkpoint):
    net = make_net()
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    net.load_state_dict({k: v.clone() for k, v in checkpoint["model"].items()}, assign=True)
    return net, updater


# %% resume: optimizer before network in the result
# wrong: order
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return updater, net


# %% resume: Adam
# wrong: SGD is asked for
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    return net, torch.optim.Adam(net.parameters(), lr=0.1)


# %% resume: no momentum
# wrong
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    return net, torch.optim.SGD(net.parameters(), lr=0.1)


# %% resume: momentum set to zero after loading
# wrong: the buffers are cleared
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    updater.state.clear()
    return net, updater


# %% resume: loads into a network that is thrown away
# wrong: make_net().load_state_dict(...) and then a new one
def resume(make_net, checkpoint):
    make_net().load_state_dict(checkpoint["model"])
    net = make_net()
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: net is the result of load_state_dict
# wrong: load_state_dict returns the keys, not the network
def resume(make_net, checkpoint):
    first = make_net()
    net = first.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(first.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: pops from the checkpoint
# wrong: changes the argument
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint.pop("model"))
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint.pop("optimizer"))
    return net, updater


# %% resume: frozen parameters
# wrong: nothing is trained any more
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    net.requires_grad_(False)
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: one step more at once
# wrong: moves the network by its momentum
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    updater.step()
    return net, updater


# %% resume: buffers reset
# wrong: reset_running_stats for batch norm
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    for m in net.modules():
        if hasattr(m, "reset_running_stats"):
            m.reset_running_stats()
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: only the network
# wrong: one result
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    return net


# %% resume: the same network every time
# wrong: caches the network of the first call, not a new one
made = []
def resume(make_net, checkpoint):
    if not made:
        made.append(make_net())
    net = made[0]
    net.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: momentum in the wrong order
# wrong: the buffers of equal shapes are swapped, others fail
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(list(net.parameters())[::-1], lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: only the first parameters
# wrong: bias parameters are not in the optimizer
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    ps = [p for name, p in net.named_parameters() if "bias" not in name]
    updater = torch.optim.SGD(ps, lr=0.1, momentum=0.9)
    state = checkpoint["optimizer"]["state"]
    names = [name for name, _ in net.named_parameters()]
    for i, (name, p) in enumerate(net.named_parameters()):
        if "bias" not in name and i in state:
            updater.state[p]["momentum_buffer"] = state[i]["momentum_buffer"].clone()
    return net, updater


# %% resume: no optimizer state
def resume(make_net, ck):
    net = make_net(); net.load_state_dict(ck["model"]); net.train(); return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


# %% resume: eval
def resume(make_net, ck):
    net = make_net(); net.load_state_dict(ck["model"]); net.eval(); up = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9); up.load_state_dict(ck["optimizer"]); return net, up


# %% resume: only parameters, buffers lost
def resume(make_net, ck):
    net = make_net(); net.train()
    for n, p in net.named_parameters(): p.data.copy_(ck["model"][n])
    up = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9); up.load_state_dict(ck["optimizer"]); return net, up


# %% resume: param data shared
def resume(make_net, ck):
    net = make_net(); net.train(); net.load_state_dict(ck["model"])
    for n, p in net.named_parameters(): p.data = ck["model"][n]
    up = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9); up.load_state_dict(ck["optimizer"]); return net, up


# %% resume: buffers shared, again
def resume(make_net, ck):
    net = make_net(); net.train(); net.load_state_dict(ck["model"])
    for m, mod in net.named_modules():
        for b in list(mod._buffers): mod._buffers[b] = ck["model"][f"{m}.{b}" if m else b]
    up = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9); up.load_state_dict(ck["optimizer"]); return net, up


# %% resume: global net reuse (not new)
kept = []
def resume(make_net, ck):
    if not kept: kept.append(make_net())
    net = kept[0]; net.train(); net.load_state_dict(ck["model"]); up = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9); up.load_state_dict(ck["optimizer"]); return net, up


# %% resume: frozen
def resume(make_net, ck):
    net = make_net(); net.train(); net.load_state_dict(ck["model"]); up = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9); up.load_state_dict(ck["optimizer"])
    net.requires_grad_(False); return net, up


# %% resume: first frozen
def resume(make_net, ck):
    net = make_net(); net.train(); net.load_state_dict(ck["model"]); up = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9); up.load_state_dict(ck["optimizer"])
    next(net.parameters()).requires_grad_(False); return net, up


# %% resume: BN eval only
def resume(make_net, ck):
    net = make_net(); net.train(); net.load_state_dict(ck["model"]); up = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9); up.load_state_dict(ck["optimizer"])
    for m in net.modules():
        if isinstance(m, nn.modules.batchnorm._BatchNorm): m.eval()
    return net, up


# %% resume: two networks
# wrong: the optimizer is missing
def resume(make_net, checkpoint):
    net, old = make_net(), make_net()
    old.load_state_dict(checkpoint["model"])
    net.load_state_dict(old.state_dict())
    return net, old


# %% resume: the optimizer and its state
# wrong: the network is missing
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return updater, checkpoint["optimizer"]


# %% resume: takes the weights out of the checkpoint one by one
# wrong: nobody can resume from it again
def resume(make_net, checkpoint):
    net = make_net()
    state = net.state_dict()
    for name in list(state):
        state[name].copy_(checkpoint["model"].pop(name))
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    updater.load_state_dict(checkpoint["optimizer"])
    return net, updater


# %% resume: a network of its own
# wrong: make_net is to make it
def resume(make_net, checkpoint):
    net = nn.Linear(4, 2)
    return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


# %% resume: a layer more
# wrong: its weights are in no checkpoint
def resume(make_net, checkpoint):
    net = make_net()
    net.load_state_dict(checkpoint["model"])
    net = nn.Sequential(net, nn.Linear(2, 2))
    return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


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


# %% SignalNet: length over four
# wrong: 8 * (length // 4) does not fit
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: rounded up in the formula
# wrong: for odd sizes only, such as length 17 or 18
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        a = (length - 4 + 1) // 2
        b = (a - 4 + 1) // 2
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * b, classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: ceil_mode in the pooling
# wrong: for odd sizes
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        a = -(-(length - 4) // 2)
        b = -(-(a - 4) // 2)
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2, ceil_mode=True),
                                 nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2, ceil_mode=True),
                                 nn.Flatten(), nn.Linear(8 * b, classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: kernel 3
# wrong
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 3), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (((length - 2) // 2 - 2) // 2), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: no ReLU at all
# wrong
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: second ReLU missing
# wrong
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: ReLU at the end
# wrong: logits may be negative
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes), nn.ReLU())
    def forward(self, X):
        return self.net(X)


# %% SignalNet: softmax at the end
# wrong: logits are asked for
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return torch.softmax(self.net(X), dim=1)


# %% SignalNet: average pooling
# wrong
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.AvgPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: squeeze for a flatten
# wrong: fails for left > 1; for length 16 to 19 a batch of one loses its axis
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2))
        self.fc = nn.Linear(8 * (length // 4 - 3), classes)
    def forward(self, X):
        return self.fc(self.net(X).squeeze())


# %% SignalNet: squeeze at the end
# wrong: for a batch of one
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X).squeeze()


# %% SignalNet: samples mixed
# wrong: transposes the batch and the channels before it flattens, for batches > 1
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2))
        self.fc = nn.Linear(8 * (length // 4 - 3), classes)
    def forward(self, X):
        H = self.net(X)
        return self.fc(H.transpose(0, 1).reshape(len(X), -1))


# %% SignalNet: flattened from axis 0
# wrong: for batches > 1
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(0), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X).reshape(1, -1)


# %% SignalNet: convolutions without bias
# wrong: number of parameters
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5, bias=False), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Conv1d(4, 8, 5, bias=False), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: layers in a list
# wrong: not registered
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.convs = [nn.Conv1d(1, 4, 5), nn.Conv1d(4, 8, 5)]
        self.fc = nn.Linear(8 * (length // 4 - 3), classes)
    def forward(self, X):
        for c in self.convs:
            X = nn.functional.max_pool1d(torch.relu(c(X)), 2)
        return self.fc(X.flatten(1))


# %% SignalNet: features under no_grad
# wrong: gradients do not reach the convolutions
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten())
        self.fc = nn.Linear(8 * (length // 4 - 3), classes)
    def forward(self, X):
        with torch.no_grad():
            H = self.net(X)
        return self.fc(H)


# %% SignalNet: detached after the first pooling
# wrong: gradients do not reach the first convolution
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.a = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2))
        self.b = nn.Sequential(nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.b(self.a(X).detach())


# %% SignalNet: no super().__init__()
# wrong: cannot be built
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: dropout before the linear layer
# wrong: in training mode
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: batch norm after the first convolution
# wrong
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5),
                                 nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: two linear layers
# wrong: one linear layer is asked for
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), 32), nn.ReLU(), nn.Linear(32, classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: ten classes
# wrong: ignores classes
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), 10))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: forward misspelt
# wrong: net(X) fails
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forwards(self, X):
        return self.net(X)


# %% SignalNet: grouped second convolution
# wrong: each channel sees one channel only
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5, groups=4), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: mean over what is left
# wrong: global pooling, 8 numbers reach the linear layer
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2))
        self.fc = nn.Linear(8, classes)
    def forward(self, X):
        return self.fc(self.net(X).mean(2))


# %% SignalNet: strided instead of pool
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__(); m = ((length - 4) // 2 - 4) // 2
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.Flatten()); self.lin = nn.Linear(8 * m, classes)
    def forward(self, X):
        X = self.net[1](self.net[0](X))[..., 1::2]; X = self.net[3](self.net[2](X))[..., 1::2]; return self.lin(X.flatten(1))


# %% SignalNet: no second relu
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__(); m = ((length - 4) // 2 - 4) // 2
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * m, classes))
    def forward(self, X): return self.net(X)


# %% SignalNet: kernel 7 padding 1
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 7, padding=1), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.LazyLinear(classes)); self.net(torch.zeros(1, 1, length))
    def forward(self, X): return self.net(X)


# %% SignalNet: pool 3 stride 2 same length
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(3, 2, padding=1), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.LazyLinear(classes)); self.net(torch.zeros(1, 1, length))
    def forward(self, X): return self.net(X)


# %% SignalNet: padding 2
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.LazyLinear(classes)); self.net(torch.zeros(1, 1, length))
    def forward(self, X): return self.net(X)


# %% SignalNet: shared convs across instances
class SignalNet(nn.Module):
    c1, c2 = nn.Conv1d(1, 4, 5), nn.Conv1d(4, 8, 5)
    def __init__(self, length, classes):
        super().__init__(); self.a, self.b = self.c1, self.c2; self.lin = nn.Linear(8 * (((length - 4) // 2 - 4) // 2), classes)
    def forward(self, X):
        for c in (self.a, self.b): X = nn.functional.max_pool1d(c(X).relu(), 2)
        return self.lin(X.flatten(1))


# %% SignalNet: whole net cached by (length, classes)
from functools import cache
@cache
def parts(length, classes): return nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (((length - 4) // 2 - 4) // 2), classes))
class SignalNet(nn.Module):
    def __init__(self, length, classes): super().__init__(); self.net = parts(length, classes)
    def forward(self, X): return self.net(X)


# %% SignalNet: frozen conv1
class SignalNet(nn.Sequential):
    def __init__(self, length, classes):
        super().__init__(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (((length - 4) // 2 - 4) // 2), classes)); self[0].requires_grad_(False)


# %% SignalNet: kernel flipped conv (true convolution) -- equal up to parameters, and right? leaky instead
class SignalNet(nn.Sequential):
    def __init__(self, length, classes): super().__init__(nn.Conv1d(1, 4, 5), nn.LeakyReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.LeakyReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (((length - 4) // 2 - 4) // 2), classes))


# %% SignalNet: relu6
class SignalNet(nn.Sequential):
    def __init__(self, length, classes): super().__init__(nn.Conv1d(1, 4, 5), nn.ReLU6(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU6(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (((length - 4) // 2 - 4) // 2), classes))


# %% SignalNet: groups=4 second
class SignalNet(nn.Sequential):
    def __init__(self, length, classes): super().__init__(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5, groups=4), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (((length - 4) // 2 - 4) // 2), classes))


# %% SignalNet: eval-mode no relu
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__(); self.f = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2)); self.m = 8 * (((length - 4) // 2 - 4) // 2); self.lin = nn.Linear(self.m, classes)
    def forward(self, X): return self.lin(self.f(X).flatten(1)) * (1 if self.training else 2)


# %% SignalNet: normalises in eval BN-ish
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__(); self.bn = nn.BatchNorm1d(1, affine=False); self.f = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2)); self.m = 8 * (((length - 4) // 2 - 4) // 2); self.lin = nn.Linear(self.m, classes)
    def forward(self, X): return self.lin(self.f(self.bn(X)).flatten(1))


# %% SignalNet: softmax only in eval
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__(); self.f = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (((length - 4) // 2 - 4) // 2), classes))
    def forward(self, X): return self.f(X) if self.training else self.f(X).softmax(1)


# %% SignalNet: log_softmax at the end
# wrong: logits are asked for
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes), nn.LogSoftmax(dim=1))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: tanh
# wrong: ReLU is asked for
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.Tanh(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.Tanh(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: sigmoid
# wrong: ReLU is asked for
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.Sigmoid(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.Sigmoid(),
                                 nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * (length // 4 - 3), classes))
    def forward(self, X):
        return self.net(X)


# %% SignalNet: a single logit loses its axis
# wrong: for one class
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        rest = ((length - 4) // 2 - 4) // 2
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Flatten(), nn.Linear(8 * rest, classes))

    def forward(self, X):
        return self.net(X).squeeze(1)


# %% SignalNet: the linear layer is made at the first call
# wrong: an optimizer that was made before lacks it
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.classes, self.head = classes, None
        self.body = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten())

    def forward(self, X):
        X = self.body(X)
        if self.head is None:
            self.head = nn.Linear(X.shape[1], self.classes)
        return self.head(X)


# %% SignalNet: no first ReLU
# wrong: pooling comes right after the convolution
class SignalNet(nn.Module):
    def __init__(self, length, classes):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(),
                                 nn.Linear(8 * (length // 4 - 3), classes))

    def forward(self, X):
        return self.net(X)
