"""The words of the office: labels, categories, routes, and their Chinese names.

The labels follow 国办发〔2022〕12号; the leaves are those every site needs. A site's own codes are
mapped onto them by the tables in ``triage/data/codes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Label(StrEnum):
    """What a report is about."""

    POLICE = "police"
    DISPUTE = "dispute"
    SERVICE = "service"


class Route(StrEnum):
    """Where a report goes; decided by policy, not by a model."""

    POLICE = "police"
    JOINT = "joint"
    MEDIATE = "mediate"
    SERVICE = "service"
    REVIEW = "review"


LABELS: tuple[Label, ...] = (Label.POLICE, Label.DISPUTE, Label.SERVICE)
"""The order of every probability vector."""

LABEL_NAMES_ZH: Mapping[Label, str] = {
    Label.POLICE: "警务警情",
    Label.DISPUTE: "非警务纠纷",
    Label.SERVICE: "求助咨询投诉",
}

ROUTE_NAMES_ZH: Mapping[Route, str] = {
    Route.POLICE: "派警",
    Route.JOINT: "联动",
    Route.MEDIATE: "派调解队",
    Route.SERVICE: "转12345",
    Route.REVIEW: "人工研判",
}

CATEGORY_NAMES_ZH: Mapping[str, str] = {
    "police.theft": "盗窃",
    "police.robbery": "抢劫抢夺",
    "police.fraud": "诈骗",
    "police.assault": "殴打伤害",
    "police.brawl": "打架斗殴",
    "police.weapon": "持械持刀",
    "police.threat": "威胁恐吓",
    "police.arson_explosion": "放火爆炸",
    "police.homicide": "命案",
    "police.sexual": "性侵猥亵",
    "police.domestic_violence": "家庭暴力",
    "police.child_harm": "侵害未成年人",
    "police.confinement": "非法拘禁",
    "police.gambling": "赌博",
    "police.drugs": "涉毒",
    "police.damage": "故意毁财",
    "police.nuisance": "寻衅滋事",
    "police.gathering": "聚众堵门堵路",
    "police.traffic_injury": "伤人交通事故",
    "police.hit_run": "肇事逃逸",
    "police.missing": "走失失联",
    "police.suicide": "轻生",
    "police.rescue": "紧急救助",
    "police.fire": "火情",
    "police.suspicious": "可疑人员物品",
    "police.other": "其他警情",
    "dispute.marriage_family": "婚姻家庭纠纷",
    "dispute.support_of_parents": "赡养纠纷",
    "dispute.emotional": "感情纠纷",
    "dispute.neighbour": "邻里纠纷",
    "dispute.noise": "噪音纠纷",
    "dispute.leak": "漏水纠纷",
    "dispute.wage": "劳资欠薪纠纷",
    "dispute.work_injury": "工伤赔偿纠纷",
    "dispute.tenancy": "租赁纠纷",
    "dispute.property_management": "物业纠纷",
    "dispute.consumer": "消费纠纷",
    "dispute.debt": "债务纠纷",
    "dispute.contract": "合同纠纷",
    "dispute.partnership": "合伙纠纷",
    "dispute.housing_land": "房屋土地纠纷",
    "dispute.demolition": "征地拆迁纠纷",
    "dispute.medical": "医疗纠纷",
    "dispute.school": "校园纠纷",
    "dispute.parking": "停车纠纷",
    "dispute.pet": "宠物纠纷",
    "dispute.traffic_minor": "轻微交通纠纷",
    "dispute.damage_compensation": "损害赔偿纠纷",
    "dispute.other": "其他纠纷",
    "service.consultation": "咨询",
    "service.lock_out": "开锁求助",
    "service.lost_property": "遗失物品",
    "service.animal": "动物求助",
    "service.utility": "水电气市政",
    "service.public_noise": "公共噪音",
    "service.move_car": "挪车",
    "service.complaint": "投诉",
    "service.administrative": "户籍证件办事",
    "service.nuisance_call": "骚扰来电",
    "service.wrong_call": "误拨",
    "service.withdrawn": "撤回报警",
    "service.other": "其他求助",
}

CATEGORIES: tuple[str, ...] = tuple(CATEGORY_NAMES_ZH)
"""Every leaf, in the order of a category probability vector."""


def is_category(word: str) -> bool:
    """Whether ``word`` is a leaf triage knows."""
    return word in CATEGORY_NAMES_ZH


def label_of(category: str) -> Label:
    """The label a leaf belongs to; ``ValueError`` names a leaf that belongs to none."""
    head, dot, leaf = category.partition(".")
    if not dot or not leaf:
        raise ValueError(f"{category!r} is no category; write it as label.leaf")
    return Label(head)
