"""The lesson on `Variable`."""

import streamlit as st
import torch

from ganlab.lessons import variable
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, last_valid, lesson
from ganlab.ui.lessons import tables

QUESTION = (
    "“A tensor must be made a Variable to be differentiated.” That was true before PyTorch 0.4 (April 2018). And now?"
)


@st.fragment
def section() -> None:
    """One derivative, written then and now; and what Variable is today."""
    with lesson("Variable, then and now", "variable", QUESTION) as (doing, beside):
        with doing:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                x = st.number_input(
                    "x", value=3.0, step=0.5, format="%g", key="variable_x", persist_state="session", width=140
                )
                requires_grad = st.toggle("requires_grad", True, key="variable_requires_grad", persist_state="session")
            square = last_valid("variable", lambda: variable.Square(x, requires_grad), variable.Square())
            panel(
                "variable_text",
                "<p>Both print the same: the derivative of x² is 2x. Since 0.4 a tensor does by itself what Variable "
                "did; it only needs <code>requires_grad=True</code>. Switch that off to see the error that the notes "
                "were about.</p>",
            )
        with beside:
            panel("variable_today", _today())
        then, now = st.columns(2, gap="medium")
        with then:
            st.markdown("**Then:** up to 0.3")
            in_code(variable.code_then(square), variable.printed_then(square), wrap=True)
        with now:
            st.markdown("**Now:** since 0.4")
            in_code(variable.code_now(square), variable.printed_now(square), wrap=True)


def _today() -> str:
    names = ("<code>type(Variable(t))</code>", "<code>isinstance(t, Variable)</code>", "same memory as t")
    rows = list(zip(names, map(str, variable.today()), strict=True))
    version, _, _ = torch.__version__.partition("+")
    return f"<p>In PyTorch {version}, for any tensor t:</p>{tables.table((), rows)}"
