"""How cost grows: seconds and memory of an epoch at 1 %, 10 % and 100 % of the data, on one thread and on two.

    COURSE_DATA_DIR=... python benchmarks/growth.py [--renew]   # which draws docs/growth.png, too
"""
import json
import subprocess
import sys

SHARES = (0.01, 0.1, 1.0)
MODELS = {"softmax": "softmax regression (lesson 04), batch 256", "cnn": "better CNN (lesson 07), batch 128"}


def measure(model, share, threads):
    """In this process: print the median seconds of an epoch without test, and the peak memory of the process."""
    import resource

    from common import lesson, nn, root, seconds, torch, utils
    torch.set_num_threads(threads)
    root()
    utils.set_seed(0)
    train_iter, _ = (utils.load_data_fashion_mnist if model == "softmax" else utils.load_data_mnist)(
        256 if model == "softmax" else 128)
    images = train_iter.dataset
    n = round(share * len(images))
    images.images, images.labels = images.images[:n].clone(), images.labels[:n].clone()
    train_iter = utils.whole_batches(images, 256 if model == "softmax" else 128, shuffle=True)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)) if model == "softmax" else lesson(7)["make_better_net"]()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    taken, _ = seconds(lambda: utils.train_epoch(net, train_iter, nn.CrossEntropyLoss(), optimizer), repeats=4)
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))


def main():
    found = {}
    for model in MODELS:
        for threads in (1, 2):
            for share in SHARES:
                done = subprocess.run([sys.executable, __file__, "--measure", model, str(share), str(threads)],
                                      capture_output=True, text=True, check=True)
                found[model, threads, share] = json.loads(done.stdout.splitlines()[-1])
    from common import utils, where
    from page import report
    report("growth", ("an epoch of", "threads", *(f"{share:.0%}: s, MB" for share in SHARES)),
           [(words, threads, *(f"{found[model, threads, share][0]:.3f}, {found[model, threads, share][1] / 1e6:.0f}"
                               for share in SHARES)) for model, words in MODELS.items() for threads in (1, 2)], measured=where())
    if "--renew" in sys.argv:
        draw(found, utils.HERE / "docs" / "growth.png")


def draw(found, picture):
    """Write the picture of {(model, threads, share): (seconds, bytes)} to a file."""
    from common import utils
    fig, axes = utils.plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for (model, words), color in zip(MODELS.items(), utils.COLORS):
        for threads, style in ((1, "o--"), (2, "s-")):
            for ax, part, unit in ((axes[0], 0, 1), (axes[1], 1, 1e6)):
                ax.plot([60_000 * share for share in SHARES], [found[model, threads, share][part] / unit for share in SHARES],
                        style, color=color, markersize=4,
                        label=f"{words.split(' (')[0]}, {threads} thread{'s' * (threads > 1)}")
    axes[0].set(xscale="log", yscale="log", xlabel="training images", ylabel="seconds an epoch")
    axes[1].set(xscale="log", ylim=(0, None), xlabel="training images", ylabel="peak memory (MB)")
    for ax in axes:
        ax.grid(alpha=0.4)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    fig.savefig(picture, dpi=100)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
