"""A plan as one value with three output formats."""

from __future__ import annotations

import json
import re
import time

import pytest
from fleet_trees import rendered
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from small_requests import request

from goldenpath import kubeyaml
from goldenpath.findings import Finding, Severity
from goldenpath.repository.hand_edit_advice import advise
from goldenpath.repository.hand_edits import EditKind, HandEdit
from goldenpath.repository.object_changes import ChangeKind, compare
from goldenpath.repository.plan_markdown import MAX_CHARS, plan_markdown
from goldenpath.repository.plan_text import plan_text
from goldenpath.repository.publish_plan import GpuChange, Part, Plan, gpu_changes
from goldenpath.spec.ref import Ref, Subject

QUOTA = "clusters/berlin/tenants/vision/quota.yaml"
V1 = "tenant/v1 1.0.0"


def gpus(quota):
    return [{"profile": "nvidia-h100-80gb", "quota": quota, "borrow": 4}]


def vision(**changes):
    (before, old), (after, new) = rendered(request(gpus=gpus(8))), rendered(request(gpus=gpus(12), **changes))
    finding = Finding(
        QUOTA, "ResourceQuota vision/x", "spec", "queue-missing", Severity.WARNING, "is odd", "Make it even."
    )
    advice = advise(
        QUOTA, before[QUOTA], before[QUOTA].replace('pods: "100"', 'pods: "7"'), approved_by="platform-team"
    )
    return Part(
        Ref.of_tenant("vision"),
        compare(before, after),
        before=V1,
        after=V1,
        owner="vision-team",
        gpus=gpu_changes(old, new),
        hand_edits=(HandEdit(QUOTA, EditKind.CHANGED, advice),),
        findings=(finding,),
    )


def added(name):
    return Part(Ref.of_tenant(name), compare({}, rendered(request(name=name))[0]), after=V1)


PLAN = Plan.of([vision(), added("edge"), Part(Ref.of_platform("berlin"), before="platform/v1 1.0.0")])


def test_unchanged_parts_are_counted_and_left_out():
    assert [str(part) for part in PLAN.parts] == ["tenant edge", "tenant vision"]
    assert PLAN.looked_at == 3
    assert not Plan.of([Part(Ref.of_tenant("vision"), before=V1, after=V1)])


def test_a_clusters_finding_appears_once():
    fields = ("addons.kueue", "version-not-served", Severity.ERROR, "is old", "Upgrade it.")
    of_all, own = Finding("", "Cluster berlin", *fields), Finding("", "Tenant vision on berlin", *fields)
    names = ("vision", "speech")
    plan = Plan.of([Part(Ref.of_tenant(name), before=V1, after=V1, findings=(own, of_all)) for name in names])
    for details in (True, False):
        assert "\n".join(plan_text(plan, details=details)).count("Cluster berlin") == 1
    assert plan_markdown(plan).count("Cluster berlin") == 1
    assert plan.summary["findings"]["error"] == 2
    assert [part.findings for part in plan.parts] == [(own, of_all)] * 2


def test_the_summary_counts_objects_and_files_by_action():
    summary = PLAN.summary

    assert summary["tenants"] == {"added": 1, "changed": 1, "removed": 0}
    assert summary["platforms"] == {"added": 0, "changed": 0, "removed": 0}
    assert summary["objects"]["changed"] == len(PLAN.parts[1].changes.objects)
    assert summary["objects"]["added"] == len(PLAN.parts[0].changes.objects)
    assert (summary["hand_edits"], summary["findings"]) == (1, {"error": 0, "warning": 1, "note": 0})


def test_a_tenants_shares_are_compared_cluster_by_cluster():
    (_, one), (_, other) = (
        rendered(request(gpus=gpus(8))),
        rendered(request(clusters=["paris"], gpus=gpus(2))),
    )

    assert gpu_changes(one, other) == (
        GpuChange("berlin", "nvidia-h100-80gb", (8, 4), (0, 0)),
        GpuChange("paris", "nvidia-h100-80gb", (0, 0), (2, 4)),
    )
    assert gpu_changes(one, one) == ()
    assert gpu_changes(None, one) == (GpuChange("berlin", "nvidia-h100-80gb", (0, 0), (8, 4)),)


def test_the_digest_covers_the_resulting_repository():
    quiet = Part(Ref.of_tenant("vision"), vision().changes, before=V1, after=V1)

    assert Plan.of([vision()]).digest == Plan.of([quiet]).digest
    assert Plan.of([vision()]).digest != Plan.of([vision(title="Vision")]).digest
    assert Plan.of([vision()]).digest != Plan.of([vision(), added("edge")]).digest


def test_the_json_has_the_documented_shape():
    data = json.loads(json.dumps(PLAN.as_dict()))
    part = data["parts"][1]

    assert list(data) == ["format", "digest", "summary", "parts", "findings"]
    assert data["format"] == "plan/v1"
    assert list(part) == [
        "kind", "name", "owner", "action", "golden_path", "files", "unchanged_files", "objects", "unreadable", "gpus",
        "hand_edits", "findings",
    ]  # fmt: skip
    assert part["golden_path"] == {"before": V1, "after": V1}
    assert {"path": QUOTA, "action": "changed", "cluster": "berlin"} in part["files"]
    quota = next(each for each in part["objects"] if each["name"] == "vision-accelerators")
    assert quota["fields"] == [{"path": "spec.hard[requests.nvidia.com/gpu]", "before": "12", "after": "16"}]
    assert part["gpus"] == [
        {
            "cluster": "berlin",
            "profile": "nvidia-h100-80gb",
            "before": {"quota": 8, "borrow": 4},
            "after": {"quota": 12, "borrow": 4},
        }
    ]
    assert part["hand_edits"][0]["advice"][0]["override"]["patch"] == {"spec": {"hard": {"pods": "7"}}}


def test_a_text_of_few_tenants_tells_every_field():
    lines = list(plan_text(PLAN))

    assert lines[0] == "+ tenant edge: tenant/v1 1.0.0"
    assert "~ tenant vision of vision-team: tenant/v1 1.0.0" in lines
    start = lines.index("      ~ ResourceQuota vision/vision-accelerators")
    assert lines[start + 1 : start + 3] == [
        '      -     spec.hard[requests.nvidia.com/gpu]: "12"',
        '      +     spec.hard[requests.nvidia.com/gpu]: "16"',
    ]
    assert "      berlin nvidia-h100-80gb: 8 + 4 → 12 + 4" in lines
    assert f"    {QUOTA} was changed by hand" in lines
    assert "    warning: ResourceQuota vision/x spec [queue-missing]" in lines
    assert re.fullmatch(
        r"1 tenant added, 1 tenant changed; objects: .*; 1 hand edit; 1 warning; 3 examined\.", lines[-2]
    )
    assert lines[-1] == f"Plan {PLAN.digest}"


def test_a_text_of_many_tenants_has_a_line_for_each():
    lines = list(plan_text(Plan.of([vision(), *(added(f"team-{number}") for number in range(10))])))

    assert len(lines) == 13
    assert lines[10] == "~ tenant vision: tenant/v1 1.0.0; objects: 2 changed; 1 edited by hand; 1 warning"
    assert next(iter(plan_text(PLAN, details=False))).startswith("+ tenant edge: tenant/v1 1.0.0; objects: ")


def test_an_empty_plan_is_one_line():
    assert list(plan_text(Plan.of([Part(Ref.of_tenant("vision"), before=V1, after=V1)]))) == [
        "Nothing changes; 1 examined."
    ]
    body = plan_markdown(Plan.of([]))
    assert body.startswith("Nothing changes; 0 examined.")
    assert "|" not in body


def test_colours_are_optional_and_change_no_text():
    coloured = list(plan_text(PLAN, colour=True))

    assert any("\033[32m" in line for line in coloured)
    assert [re.sub(r"\033\[[0-9;]*m", "", line) for line in coloured] == list(plan_text(PLAN))


def test_markdown_has_a_summary_and_each_cluster_behind_a_line():
    body = plan_markdown(PLAN)

    assert "| `tenant vision` | changed | `tenant/v1 1.0.0` | 2 changed | 1 | 1 warning |" in body
    assert "| `berlin` | `nvidia-h100-80gb` | `vision` | 8 + 4 | 12 + 4 |" in body
    assert "<summary><code>berlin</code>: " in body
    assert body.count("<details>") == body.count("</details>") == 2
    assert "```diff\n  tenant vision\n" in body
    assert "overrides:" in body


# Whatever any of these can do in Markdown, HTML, a terminal or on a forge.
HOSTILE = [
    "@platform-team", "#1", "org/repo#1", "!7", "<script>alert(1)</script>", "</code></summary></details><b>", "`", "```", "`````",
    "~~~", "|", "a|b", "\\|", "[x](https://evil.example)", "![x](https://evil.example/x.png)", "https://evil.example",
    "www.evil.example", "ada@evil.example", "\n# Title", "\r\n| a |", "<!--", "-->", "&lt;b&gt;", "&#64;team", "**b**", "\x1b[31m",
    "\u202egnp", "\u2028", "    indented", "- [ ] task", "\n```\n</details>", "{{ x }}", "$(id)", "\ud800"[:0] + "é", "a" * 300, "",
    " ", "GH-1", ":smile:", "\t",
]  # fmt: skip
words = st.lists(st.sampled_from([*HOSTILE, "vision", "berlin"]), min_size=1, max_size=3).map("".join)


@st.composite
def plans(draw):
    def part():
        cluster = draw(words).replace("/", "").replace("\n", "").replace("\r", "") or "x"
        body = {
            "apiVersion": "v1",
            "kind": draw(words) or "K",
            "metadata": {"name": draw(words), "namespace": draw(words)},
            "data": {draw(words): draw(words)},
        }
        before = {f"clusters/{cluster}/{draw(words)}.yaml": kubeyaml.dump(body)}
        after = {
            path: kubeyaml.dump(body | {"data": {draw(words): draw(words), "x": [draw(words)]}})
            for path in before
        }
        edit = HandEdit(
            draw(words), EditKind.CHANGED, advise(next(iter(before)), *before.values(), *after.values())
        )
        finding = Finding(*(draw(words) for _ in range(4)), Severity.ERROR, draw(words), draw(words))
        return Part(
            Ref(draw(st.sampled_from(Subject)), draw(words), draw(st.just("") | words)),
            compare(before, draw(st.sampled_from([after, {}]))),
            before=draw(words),
            after=draw(st.none() | words),
            owner=draw(words),
            gpus=(GpuChange(draw(words), draw(words), (1, 2), (3, 4)),),
            hand_edits=(edit,),
            findings=(finding,),
        )

    return Plan.of([part() for _ in range(draw(st.integers(1, 3)))])


# What stands outside of code: our own words, numbers and arrows.
OWN_WORDS = re.compile(r"[A-Za-z0-9 ,.;:()+→—'-]*")
OWN_HTML = re.compile(
    r"<details>\n<summary>(?:The fleet's own files|<code>[^<>\n]*</code>): [a-z0-9, ]+</summary>\n?|</details>\n?"
)


@settings(max_examples=40)
@given(plans())
def test_text_of_people_is_only_inside_code(plan):
    body = plan_markdown(plan)
    tokens = MarkdownIt("commonmark").enable("table").parse(body)

    for token in tokens:
        if token.type == "html_block":
            assert OWN_HTML.fullmatch(token.content), token.content
        for child in token.children or ():
            assert child.type in {"text", "code_inline", "softbreak"}, child
            if child.type == "text":
                assert OWN_WORDS.fullmatch(child.content), child.content
    assert {token.type for token in tokens if token.nesting == 0} <= {"inline", "fence", "html_block"}
    assert {token.tag for token in tokens} <= {
        "",
        "p",
        "h3",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert all(char == "\n" or char.isprintable() for char in body)


@settings(max_examples=40)
@given(plans())
def test_text_of_people_does_not_break_table_rows(plan):
    width = 0
    for line in plan_markdown(plan).splitlines():
        cells = line.count("|") - 1 if line.startswith("| ") else 0
        assert width in (0, cells) or not cells
        width = cells


@settings(max_examples=40)
@given(plans(), st.booleans())
def test_text_of_people_does_not_control_a_terminal(plan, details):
    assert all(line.isprintable() for line in plan_text(plan, details=details))


@pytest.mark.parametrize("number", [1, 150, 400])
def test_a_body_stays_below_the_forges_limit_and_lists_omissions(number):
    files, _ = rendered(request())
    parts = [
        Part(
            Ref.of_tenant(f"team-{index}"),
            compare({}, files),
            after=V1,
            findings=PLAN.parts[1].findings * 9,
        )
        for index in range(number)
    ]

    body = plan_markdown(Plan.of(parts))

    assert len(body) <= MAX_CHARS
    assert body.count("<details>") == body.count("</details>")
    assert body.count("```") % 2 == 0
    assert ("Left out because of the forge's limit: " in body) == (number > 1)


def test_one_object_that_is_too_large_leaves_the_others():
    large = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {}}
    before, after = (large | {"data": {f"key-{index}": char * 200 for index in range(400)}} for char in "xy")
    path = "clusters/berlin/tenants/large/a.yaml"
    parts = [
        Part(
            Ref.of_tenant("large"),
            compare({path: kubeyaml.dump(before)}, {path: kubeyaml.dump(after)}),
            V1,
            V1,
        ),
        vision(),
    ]

    body = plan_markdown(Plan.of(parts))

    assert len(body) <= MAX_CHARS
    assert "key-1" not in body
    assert "vision/vision-accelerators" in body
    assert "1 part on `berlin`" in body


def test_the_list_of_omissions_is_bounded():
    text = kubeyaml.dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x" * 1000}})
    files = {f"clusters/cluster-{index}/a.yaml": text for index in range(2000)}

    assert (
        len(plan_markdown(Plan.of([Part(Ref.of_tenant("vision"), compare({}, files), after=V1)])))
        <= MAX_CHARS
    )


def test_a_part_that_is_removed_is_not_called_changed():
    files, _ = rendered(request())
    part = Part(Ref.of_tenant("vision"), compare(files, {}), before=V1)

    assert part.action is ChangeKind.REMOVED
    assert next(iter(plan_text(Plan.of([part])))) == "- tenant vision: was tenant/v1 1.0.0"


def test_markdown_of_a_thousand_clusters_takes_under_two_seconds():
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: vision}}\n"
    files = {
        f"clusters/c{cluster:04}/tenants/vision/{name}.yaml": manifest.format(name=name)
        for cluster in range(1000)
        for name in ("a", "b", "c", "d")
    }
    plan = Plan.of([Part(Ref.of_tenant("vision"), compare({}, files), after=V1)])
    started = time.process_time()
    body = plan_markdown(plan)
    assert (
        time.process_time() - started < 2
    )  # it took 2 s for 250 clusters when each cluster read all objects
    assert "<code>c0000</code>: 4 added" in body
