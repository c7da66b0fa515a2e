import sys

import pytest

from femurkit.cli.phantom import parse_spacing
from femurkit.cli.screen import progress, table


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


def test_spacing():
    assert parse_spacing("1.5,0.9,0.8") == (1.5, 0.9, 0.8)
    assert parse_spacing(None) is None


@pytest.mark.parametrize("text", ["1,2", "a,b,c", "0,1,1", "1,1,11", "nan,1,1"])
def test_spacing_refused(text):
    import typer

    with pytest.raises(typer.BadParameter):
        parse_spacing(text)
