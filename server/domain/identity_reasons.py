"""Why a person takes two for one, or one for two: short lists, so that the log holds nothing
personal."""

from __future__ import annotations

from enum import StrEnum


class MergeReason(StrEnum):
    PAPERS = "papers"
    SAID_SO = "said_so"
    VISITED = "visited"
    SAME_CONTACT = "same_contact"
    SAME_QUARREL = "same_quarrel"


class SplitReason(StrEnum):
    OTHER_PAPERS = "other_papers"
    BORROWED_PHONE = "borrowed_phone"
    FAMILY = "family"
    NAMESAKE = "namesake"
    CALLED_FOR_OTHERS = "called_for_others"


MERGE_NAMES_ZH = {
    MergeReason.PAPERS: "证件核对一致",
    MergeReason.SAID_SO: "本人确认",
    MergeReason.VISITED: "上门或走访确认",
    MergeReason.SAME_CONTACT: "联系方式相同",
    MergeReason.SAME_QUARREL: "同一起纠纷",
}
SPLIT_NAMES_ZH = {
    SplitReason.OTHER_PAPERS: "证件核对不同",
    SplitReason.BORROWED_PHONE: "借用他人电话",
    SplitReason.FAMILY: "同住家人",
    SplitReason.NAMESAKE: "同名不同人",
    SplitReason.CALLED_FOR_OTHERS: "代他人报警",
}
REASON_NAMES_ZH = {
    str(reason): name for reason, name in (*MERGE_NAMES_ZH.items(), *SPLIT_NAMES_ZH.items())
}
