"""What is served around Streamlit's own pages."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from ganlab.ui.kit.files import FRONT, PLOTLY, Folder
from ganlab.ui.web import FOR_GOOD, PAGES, KeptFiles, first_document


def cached(path: str, status: int) -> str | None:
    """The Cache-Control of an answer with this status."""
    answers: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"cache-control", b"public")]})

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        answers.append(message)

    with pytest.raises(StopIteration):  # nothing in it waits for anything
        KeptFiles(app)({"type": "http", "path": path}, receive, send).send(None)
    return dict(answers[0]["headers"])[b"cache-control"].decode()


@pytest.mark.parametrize("folder", [FRONT, PLOTLY])
def test_browsers_keep_files_whose_folder_is_named_after_them(folder: Folder) -> None:
    assert cached(f"/base/{folder.address}/live.js", 200) == FOR_GOOD
    assert cached(f"/{folder.address}/missing.js", 404) == "public"
    assert cached(f"/{folder.address[:-1]}/live.js", 200) == "public"


def test_the_first_document_hides_the_page_until_it_is_drawn() -> None:
    document = first_document()
    assert document.count("<title>") == 1
    assert "<title>ganlab</title><style>" in document
    assert "html:not(.drawn) #root { opacity: 0" in document
    assert set(PAGES) == {"", "Train", "Weight_Clipping", "Generate", "Compare", "Building_Blocks"}
