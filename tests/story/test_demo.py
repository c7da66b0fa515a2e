def test_the_demo_meets_what_the_readme_says(femurkit, tmp_path):
    told = femurkit("demo", "-o", tmp_path / "demo", "--json")
    assert told.code == 0, told.err
    rows = told.json["femurs"]
    assert [row["side"] for row in rows] == ["left", "right"]
    for row in rows:
        assert row["dsc"] >= 0.97, row
        assert row["assd_mm"] <= 0.4, row
        assert f"{row['dsc']:.3f}" in told.out
    assert str(tmp_path / "demo" / "reconstruction" / "report.html") in told.out
    assert (tmp_path / "demo" / "reconstruction" / "report.html").stat().st_size > 50_000
