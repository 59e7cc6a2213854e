"""Invented names: plausible in sound, taken from no map. The four points come with the task."""

# ruff: noqa: SIM905  (one line of names reads better than one name a line)

from __future__ import annotations

import random

TOWN = "临溪镇"
POINTS = ("顺达", "康乐", "临东", "横塘")

COMMUNITIES = (
    "溪口 云桥 枫林 双塘 菱湖 桂畈 石鹤 麻车 望湖 清漪 新河 锦荷 文澜 北庄 鹭汀 梅坞 塘埠 樟树 "
    "金穗 五柳 长埂 东篱 翠屏 南渚 竹园 小漾 沈家 泗门 仓桥头 白杨 荷禹 星畈 高田 月河 乌墩 红菱 "
    "花径 丁桥头 永宁 安澜 大有 龙坝 宿云"
).split()

_ROAD_FIRST = (
    "迎 望 永 兴 文 和 安 康 宁 泰 丰 景 锦 云 荷 桂 枫 梅 兰 竹 清 星 月 春 秋 金 玉 翠 碧 新 顺 "
    "广 長 明 德 仁 信 惠 学 书 禾 稻 桑 菱 鹭 雁 渔 樟 柳 栖"
).replace("長", "长")
_ROAD_SECOND = "溪 塘 河 湖 桥 山 林 园 庄 荣 平 祥 华 盛 达 昌 贤 才 苑 墩 浦 港 洲 田 禾 埠 岸 江"
TRUNK_ROADS = ("临溪大道", "东环快速路", "禾塘公路", "云河大道", "北环线", "南埠公路")

_HOME_FIRST = (
    "翡翠 锦绣 阳光 碧水 翠苑 金色 春晓 江南 御景 丽景 和风 云岫 桂语 枫晚 星光 绿野 水岸 时代 "
    "书香 东方 银杏 梧桐 海棠 紫荆 香樟 玉兰 芳草 名仕 安居 幸福 百合 蓝钻 雅居 湖畔 望江 听涛"
).split()
_HOME_LAST = "苑 花园 小区 公寓 新村 府 家园 名邸 雅苑 华庭 里 东苑 西苑".split()

OTHER_PLACES = (
    ("market", "农贸市场 果蔬市场 建材市场 五金城 小商品市场 花鸟市场 水产市场".split()),
    ("school", "小学 实验小学 中学 幼儿园 第二小学 职业学校".split()),
    ("hospital", "卫生院 社区卫生服务站 中医诊所".split()),
    ("factory", "纺织厂 包装厂 五金厂 家具厂 物流园 产业园 电子厂".split()),
    ("plaza", "广场 购物中心 商业街 生活广场".split()),
    ("office", "便民服务中心 文化站 派出所 司法所 养老服务中心".split()),
    ("station", "公交总站 汽车站 地铁站".split()),
    ("park", "公园 体育公园 湿地公园".split()),
    ("hotel", "宾馆 大酒店 快捷酒店".split()),
)


class Names:
    """Draws names, none twice."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._used: set[str] = set()

    def road(self, road_class: str) -> str:
        if road_class == "trunk":
            for name in TRUNK_ROADS:
                if name not in self._used:
                    return self._take(name)
        ending = {"trunk": "大道", "main": "路", "street": "街", "lane": "弄"}[road_class]
        if road_class in ("street", "lane"):
            ending = self._rng.choice(
                ("街", "路", "路") if road_class == "street" else ("弄", "巷")
            )
        return self._draw(_ROAD_FIRST.split(), _ROAD_SECOND.split(), ending)

    def home(self) -> str:
        return self._draw(_HOME_FIRST, [""], self._rng.choice(_HOME_LAST))

    def other(self, community: str, endings: list[str]) -> str:
        return self._draw([community], [""], self._rng.choice(endings))

    def _draw(self, first: list[str], second: list[str], ending: str) -> str:
        for _ in range(1000):
            a, b = self._rng.choice(first), self._rng.choice(second)
            if a != b and (name := a + b + ending) not in self._used:
                return self._take(name)
        # All taken: number them, as towns do.
        number = 2
        while f"{first[0]}{second[0]}{number}{ending}" in self._used:
            number += 1
        return self._take(f"{first[0]}{second[0]}{number}{ending}")

    def _take(self, name: str) -> str:
        self._used.add(name)
        return name
