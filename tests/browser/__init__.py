"""The pages as people see them: a real browser, a real server, demo data, and a clock that the test moves."""
