import sys

import pytest

from femurkit.cli.phantom import parse_spacing
from femurkit.cli.screen import femur_table, progress, say_warnings, table


def test_a_line_a_step_when_piped(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    with progress(3) as listener:
        listener("read")
        listener("find hips")
    assert capsys.readouterr() == ("", "read\nfind hips\n")


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_when_quiet(capsys, monkeypatch, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    with progress(3, quiet=True) as listener:
        assert listener is None
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal_names_the_step(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with progress(3) as listener:
        listener("find hips")
    out, err = capsys.readouterr()
    assert out == ""
    assert "find hips" in err


def test_a_table_keeps_every_number_when_piped(capsys):
    table([{"side": "left", "a_long_name_of_a_column": 0.12345, "empty": None}] * 2)
    out = capsys.readouterr().out
    assert out.count("0.123") == 2
    assert "a_long_name_of_a_column" in out


def test_a_check_that_fails_is_a_warning_and_the_rest_are_notes(capsys):
    check = {"code": "CONFIDENT", "passed": False, "text": "Confidence 0.10: why"}
    femur = {"side": "left", "checks": [check], "not_measurable": {}}
    say_warnings(["A tilted gantry.", "Left femur fails CONFIDENT: Confidence 0.10: why."], [femur])
    assert capsys.readouterr().err.splitlines() == [
        "note: A tilted gantry.", "warning: Left femur fails CONFIDENT: Confidence 0.10: why.",
    ]  # fmt: skip


def test_what_may_spoil_the_result_is_a_warning(capsys):
    cut = "Right hip: The field of view cuts the femur."
    say_warnings(["Contrast agent is seen.", cut], [], severe={cut})
    assert capsys.readouterr().err.splitlines() == [
        "note: Contrast agent is seen.",
        f"warning: {cut}",
    ]


def test_the_table_of_femurs_fits_a_terminal_of_80_columns(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    femur = {
        "side": "right", "verdict": "reject", "volume_ml": 1252.912, "surface_area_mm2": 129978.1,
        "hollow_volume_ml": 1210.4, "visible_length_mm": 417.3, "head_radius_mm": 24.8,
        "checks": [{"passed": k != 7} for k in range(13)], "verdict_reasons": ["It is open."],
    }  # fmt: skip
    femur_table([femur, {**femur, "hollow_volume_ml": None}])
    out = capsys.readouterr().out
    assert "…" not in out
    assert "right, reject: It is open." in out
    for number in ("1,252.9", "129,978.1", "1,210.4", "417.3", "24.8", "12 of 13"):
        assert out.count(number) >= 1, number


def test_spacing():
    assert parse_spacing("1.5,0.9,0.8") == (1.5, 0.9, 0.8)
    assert parse_spacing(None) is None


@pytest.mark.parametrize("text", ["1,2", "a,b,c", "0,1,1", "1,1,11", "nan,1,1"])
def test_spacing_refused(text):
    import typer

    with pytest.raises(typer.BadParameter):
        parse_spacing(text)
