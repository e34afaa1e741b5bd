"""Learning themes from labelled comments: pure functions without Django models; scikit-learn is imported on training.

`train(examples, language)` makes a Model, `Model.judge(texts)` reads with it; `measures` says how well.
"""

from analytics.learning.examples import Example
from analytics.learning.model import Judgement, Model
from analytics.learning.training import train

__all__ = ["Example", "Judgement", "Model", "train"]
