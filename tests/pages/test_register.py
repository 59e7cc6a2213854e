"""The register in a real browser: who returns, whom to visit, who is who, and the file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from server.domain.report import Caller
from server.office import Office
from server.store import identity as store
from server.store.engine import reading
from server.web import translation

Opener = Callable[..., Any]
Filer = Callable[..., str]
HOME = "临溪镇演示路1号3幢402"
NOT_WORDS = re.compile("某|月")
"""Masked names; days, which all pages write alike."""
HAN = re.compile(r"[\u4e00-\u9fff]")


def returning(office: Office, file: Filer) -> str:
    """One person with three disputes under two spellings; the case of the newest."""
    now = office.clock()
    told = [("张伟", 40, HOME), ("张某", 12, "临溪镇演示路1号三号楼402室"), ("张伟", 0, HOME)]
    case = ""
    for name, days, address in told:
        case = file(
            caller=Caller(name, "10000000011"),
            address=address,
            received_at=now - timedelta(days=days),
        )
    return case


def test_the_register_lists_who_returns_with_reasons_and_masks_them(
    office: Office, file: Filer, look: Opener
) -> None:
    returning(office, file)
    file(caller=Caller("李芳", "10000000022"), address="临溪镇演示路9号")
    page: Page = look("zhihui").open("/console/register")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("张某")
    expect(row).to_contain_text("近90天2次")
    expect(row).not_to_contain_text("10000000011")
    expect(page.locator("body")).not_to_contain_text("张伟")
    page.goto(f"{page.url}?state=settled")
    expect(page.locator(".state-box")).to_contain_text("没有符合条件")
    page.get_by_role("link", name="本周走访").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".notice").first).to_contain_text("不足100起")


def test_the_register_as_a_file(office: Office, file: Filer, look: Opener) -> None:
    returning(office, file)
    page: Page = look("zhihui").open("/console/register")
    with page.expect_download() as saved:
        page.get_by_role("link", name="导出 Excel").click()
    assert re.fullmatch(r"同人纠纷台账-\d{8}\.xlsx", saved.value.suggested_filename)
    (heading, row) = load_workbook(io.BytesIO(saved.value.path().read_bytes())).active.values
    told = dict(zip(heading, row, strict=True))
    assert told["纠纷次数"] == 3
    assert "10000000011" not in str(row)
    assert told["报警人"].startswith("张某")


def test_a_question_of_identity_is_answered_and_taken_back(
    office: Office, file: Filer, look: Opener
) -> None:
    file(caller=Caller("张伟", "10000000011"), address=HOME)
    file(caller=Caller("张伟", "10000000033"), address=None)
    page: Page = look("zhihui").open("/console/register/identity")
    expect(page.locator(".panel")).to_contain_text("是同一人吗")
    page.get_by_role("button", name="是同一人").click()
    expect(page.locator(".notices")).to_contain_text("可撤销")
    with reading(office.engine) as conn:
        (act,) = store.acts(conn, ["standing"], limit=5)
        assert len(store.of_person(conn, act.person_id)) == 2
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(".notices")).to_contain_text("恢复原样")
    with reading(office.engine) as conn:
        assert len(store.of_person(conn, act.person_id)) == 1


def test_many_callers_of_one_place_stand_apart(office: Office, file: Filer, look: Opener) -> None:
    for number in range(5):
        phone = f"100000001{number:02d}"
        file(caller=Caller(None, phone), address="临溪镇演示路8号广场")
    page: Page = look("zhihui").open("/console/register/places")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("广场")
    page.goto(page.url.replace("/places", ""))
    expect(page.locator(".state-box")).to_contain_text("还没有重复的纠纷")


def test_the_history_before_knocking_names_nobody(
    office: Office, file: Filer, look: Opener
) -> None:
    case = returning(office, file)
    page: Page = look("zhihui").open(f"/console/cases/{case}")
    earlier = page.locator(".earlier")
    expect(earlier).to_contain_text("此前 2 次")
    expect(earlier.locator("li").first).to_contain_text("同一人")
    expect(earlier).not_to_contain_text("张")


def test_two_people_are_merged_and_parted_by_hand_without_javascript(
    office: Office, file: Filer, look: Opener
) -> None:
    """From the register to the person, a merge with its reason, its undoing, and a split."""
    returning(office, file)
    file(caller=Caller("李芳", "10000000044"), address="临溪镇演示路9号", source_id="JJ-44")
    page: Page = look("zhihui", javascript=False).open("/console/register")
    page.locator("tbody tr a").first.click()
    calls = page.locator("form[action$=split] tbody tr")
    expect(calls).to_have_count(3)
    expect(page.locator("body")).not_to_contain_text("10000000011")

    page.get_by_label("填另一人的接警单编号").fill("JJ-44")
    merge = page.locator("form[action$=merge]")
    merge.get_by_role("combobox").select_option("visited")
    merge.get_by_role("button", name="合并为一人").click()
    expect(page.locator(".notices")).to_contain_text("可在下方撤销")
    expect(calls).to_have_count(4)
    acts = page.get_by_role("table", name="最近的合并与拆分").locator("tbody tr").first
    expect(acts).to_contain_text("上门或走访确认")
    expect(acts).to_contain_text("zhihui")
    acts.get_by_role("button", name="撤销").click()
    expect(page.locator(".notices")).to_contain_text("恢复原样")
    expect(calls).to_have_count(3)
    expect(acts).to_contain_text("已撤销")

    calls.first.get_by_role("checkbox").check()
    parting = page.locator("form[action$=split]")
    parting.get_by_role("combobox").select_option("family")
    parting.get_by_role("button", name="分出为另一人").click()
    expect(calls).to_have_count(2)
    acts.get_by_role("link", name="另一人").click()
    expect(page.locator("form[action$=split] tbody tr")).to_have_count(1)


def test_a_merge_without_a_reason_changes_nothing_and_says_so(
    office: Office, file: Filer, look: Opener
) -> None:
    case = returning(office, file)
    page: Page = look("dudao").open(f"/console/cases/{case}")
    page.get_by_role("link", name="报警人的全部记录").click()
    page.locator("form[action$=merge]").evaluate("form => { form.noValidate = true }")
    page.get_by_label("填另一人的接警单编号").fill("T-1")
    page.get_by_role("button", name="合并为一人").click()
    expect(page.locator(".notices")).to_contain_text("理由：请选一个理由")


def test_every_word_of_the_register_stands_in_english_too(
    office: Office, file: Filer, look: Opener
) -> None:
    """All but data: addresses, masked names, names of units and of the town."""
    case = returning(office, file)
    file(caller=Caller("张伟", "10000000033"), address=None)
    seen = look("zhihui")
    cookie = {"name": translation.COOKIE, "value": "en", "url": seen.site}
    seen.page.context.add_cookies([cookie])
    labels = (
        "h1, h2, th, caption, dt, dd small, label, button, .tabs a, .page-head p, .driver, .notice"
    )
    wanted = f"{labels}, .state, .earlier summary, main option, .risk-band, .state-box, .sides a"
    for address in ("", "/visits", "/places", "/identity", "?state=settled", "?band=low"):
        page: Page = seen.open(f"/console/register{address}")
        told = page.locator("main").locator(wanted).all_inner_texts()
        assert [text for text in told if HAN.search(text) and "一组" not in text] == []
    page = seen.open("/console/register")
    page.locator("tbody tr a").first.click()
    told = page.locator("main").locator(f"{wanted}, td.act").all_inner_texts()
    assert [text for text in told if HAN.search(text) and not NOT_WORDS.search(text)] == []
    page = seen.open(f"/console/cases/{case}")
    expect(page.locator(".earlier summary")).to_contain_text("Before knocking")
    expect(page.locator("body")).to_contain_text("in 90 days")
