"""A link to a section, an equation or a figure leads there, however long the page above it is."""

import pytest

TARGETS = [
    ("chapters/foundations/coin_flips.html", "fit-real-data"),
    ("chapters/from_scratch/when_numbers_break.html", "move-it"),
    ("chapters/pytorch/errors.html", "in-one-box"),
]


@pytest.mark.parametrize(("page", "anchor"), TARGETS)
@pytest.mark.parametrize("width", [1280, 390])
def test_a_link_into_a_page_leads_to_its_place(browser_page, site_url, page, anchor, width):
    browser_page.set_viewport_size({"width": width, "height": 900})
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.goto(f"{site_url}/{page}#{anchor}")
    browser_page.wait_for_timeout(1500)
    top = browser_page.evaluate(f"document.getElementById('{anchor}').getBoundingClientRect().top")
    assert 0 <= top < 450, f"#{anchor} is {top:.0f} px from the top of the window"


def test_a_click_on_a_link_within_the_page_leads_to_its_place(browser_page, site_url):
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.goto(f"{site_url}/chapters/foundations/coin_flips.html")
    link = browser_page.locator("article a[href='#sec-coin-flips-mend']").first
    browser_page.evaluate("element => element.click()", link.element_handle())
    browser_page.wait_for_timeout(1500)
    top = browser_page.evaluate(
        "document.getElementById('sec-coin-flips-mend').getBoundingClientRect().top"
    )
    assert 0 <= top < 450, f"{top:.0f} px from the top of the window"
