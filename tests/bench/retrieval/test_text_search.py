from bench.retrieval.text_search import TextSearchOptions, measure_text_search


def test_the_index_finds_also_what_is_misspelt_and_a_scan_does_not() -> None:
    result = measure_text_search(TextSearchOptions(products=300, queries=20))
    found = {(figures.method, figures.kind): figures.found for figures in result.figures}
    assert found["skulens", "whole name"] > 0.9
    assert found["skulens", "misspelt"] > found["scan", "misspelt"]
    assert found["skulens", "never said"] > found["scan", "never said"] == 0


def test_the_same_seed_asks_the_same() -> None:
    options = TextSearchOptions(products=50, queries=5)
    first, second = measure_text_search(options), measure_text_search(options)
    assert [figures.found for figures in first.figures] == [
        figures.found for figures in second.figures
    ]
    assert len(first.table().rows) == len(first.figures) == 14
