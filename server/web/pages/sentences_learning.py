"""Sentences about models: trained, compared, promoted, watched, tried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from server.domain.views import TimelineEvent
from server.web.pages.saying import Names, Sentence, Tone, said

_WEIGHTS = "risk-"
"""Names of the recurrence rule's weights begin so."""


def _of_what(model: str, weights: str, tone: Tone = "plain") -> Callable[..., Sentence]:
    """Whether reports are judged anew is for everybody; the rule's weights are housekeeping."""
    of_model, of_weights = said(model, tone), said(weights, tone, feed=False)

    def teller(event: TimelineEvent, names: Names) -> Sentence:
        weighs = str(event.body.get("model")).startswith(_WEIGHTS)
        return (of_weights if weighs else of_model)(event, names)

    return teller


LEARNING: Mapping[str, Callable[[TimelineEvent, Names], Sentence]] = {
    "second_opinion": said("另一人复核了类别", feed=False),
    "training_asked": said("安排训练候选模型", feed=False),
    "training_done": said("训练出候选模型", feed=False),
    "training_failed": said("训练失败", "warn", feed=False),
    "training_cancelled": said("取消了训练", feed=False),
    "shadow_started": said("候选模型开始试运行", feed=False),
    "shadow_ended": said("候选模型试运行结束", feed=False),
    "promotion_asked": said("申请模型上线，等第二人确认", feed=False),
    "promotion_declined": said("撤下模型上线申请", feed=False),
    "model_promoted": _of_what("新模型上线", "复发风险权重已更换"),
    "model_rolled_back": _of_what("模型退回上一个", "复发风险权重退回上一份", "warn"),
    "model_refused": said("候选模型未通过比对", feed=False),
    "model_passed": said("候选模型通过比对", feed=False),
    "experiment_started": said("试验开始，警情按抽签分组"),
    "experiment_looked": said("试验到了登记的查看时机", feed=False),
    "experiment_ended": said("试验结束，恢复自动分流"),
    "drift_raised": said("监测报警：来警或一致率有明显变化", "warn", feed=False),
    "drift_cleared": said("监测报警解除", "good", feed=False),
    "model_changed": said("研判模型已更换", "warn"),
    "model_unavailable": said("模型不可用，警情转人工研判", "warn"),
}
