"""Instants and spans of time as people in the command room say them."""

from __future__ import annotations

from datetime import datetime, tzinfo

_WEEKDAYS = "一二三四五六日"


def clock(at: datetime, zone: tzinfo) -> str:
    """``12:00:03``"""
    return at.astimezone(zone).strftime("%H:%M:%S")


def day(at: datetime, zone: tzinfo) -> str:
    """``11月24日 星期二``"""
    local = at.astimezone(zone)
    return f"{local.month}月{local.day}日 星期{_WEEKDAYS[local.weekday()]}"


def moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    """``12:00:03`` today, ``昨天 12:00``, else ``11月3日 12:00`` (with the year if another)."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    days = (today.date() - local.date()).days
    if days == 0:
        return local.strftime("%H:%M:%S")
    if days == 1:
        return f"昨天 {local:%H:%M}"
    year = f"{local.year}年" if local.year != today.year else ""
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


def span(seconds: float | None) -> str:
    """``45秒``, ``3分20秒``, ``2小时05分``, ``3天4小时``; a dash when unknown."""
    if seconds is None:
        return "—"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}秒"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}分{rest:02d}秒" if rest else f"{minutes}分"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}小时{minutes:02d}分" if minutes else f"{hours}小时"
    days, hours = divmod(hours, 24)
    return f"{days}天{hours}小时" if hours else f"{days}天"


def countdown(seconds: float) -> str:
    """``1:05`` left, ``超时 1:05`` past it; hours appear when there are any."""
    past = seconds < 0
    whole = int(abs(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"超时 {text}" if past else text


def distance(metres: float | None) -> str:
    if metres is None:
        return "距离未知"
    return f"{metres / 1000:.1f}公里" if metres >= 1000 else f"{metres:.0f}米"
