"""The report: what it says (content), its pictures (cuts, views) and its page (render)."""
