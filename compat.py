"""What other packages need in order to run well, and beside today's versions of each other. Import it before them.

The other modules of the course import it first, so a notebook that says `import utils` first has it all.
"""
import importlib.machinery
import os
import sys

# OpenMP's threads spin while they wait for one another. With three notebooks training at once on two cores that makes each
# many times slower; threads that sleep at once make one that trains alone up to two and a half times slower, as it takes
# long to wake them. So they look around briefly, and then sleep (benchmarks/README.md, "A busy machine"). PASSIVE is every
# OpenMP's word for sleeping, GOMP_SPINCOUNT goes before it in GNU's, which PyTorch brings along on Linux. Both must be set
# before torch is imported; whoever has set one of them, or Intel's relative, is left alone.
if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"} & os.environ.keys():
    os.environ.update(OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="500")


def use_svg_display():
    """Show figures as SVG from here on, without a date, so that they are the same from run to run."""
    from matplotlib_inline.backend_inline import set_matplotlib_formats
    set_matplotlib_formats("svg", metadata={"Date": None})


class _Mended(importlib.machinery.SourceFileLoader):
    """Loads torchvision, or d2l.torch, and mends what would stop it beside the torch and the IPython that are here."""

    def exec_module(self, module):
        try:
            super().exec_module(module)
        except RuntimeError as error:
            # A CPU-only torch beside torchvision's CUDA wheel (what plain pip can give): torchvision declares details of
            # two compiled operators that it could not load. Data sets need none of them, so both are named, and it is
            # loaded again.
            if "torchvision::nms does not exist" not in str(error):
                raise
            import torch
            global _operators  # a library's operators live as long as it does
            _operators = torch.library.Library("torchvision", "FRAGMENT")
            _operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            for name in [name for name in sys.modules if name.startswith("torchvision.")]:
                del sys.modules[name]
            super().exec_module(module)
        if self.name == "d2l.torch":
            module.use_svg_display = use_svg_display  # d2l's own needs an IPython before 9


class _Finder:
    """Lets `_Mended` load the two packages whenever they are imported, by whomever; they take seconds, so not before."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in ("torchvision", "d2l.torch"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Mended(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, _Finder)
