"""The lesson on `Variable`: one derivative, written then and now; and what Variable is today."""

import streamlit as st
import torch

from ganlab.lessons import variable
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, last_valid, lesson, number_input, row, table

QUESTION = (
    "“A tensor must be made a Variable to be differentiated.” That was true before PyTorch 0.4 (April 2018). And now?"
)
TEXT = (
    "<p>Both print the same: the derivative of x² is 2x. Since 0.4 a tensor does by itself what Variable did; it only "
    "needs <code>requires_grad=True</code>. Switch that off to see the error that the notes were about.</p>"
)


@st.fragment
def section(anchor: str) -> None:
    with lesson("Variable, then and now", anchor, QUESTION) as (doing, beside):
        with doing:
            with row():
                x = number_input("x", 3.0, "variable_x", 140, step=0.5, format="%g")
                requires_grad = st.toggle("requires_grad", True, key="variable_requires_grad", persist_state="session")
            square = last_valid("variable", lambda: variable.Square(x, requires_grad), variable.Square())
            panel("variable_text", TEXT)
        with beside:
            names = ("<code>type(Variable(t))</code>", "<code>isinstance(t, Variable)</code>", "same memory as t")
            version, _, _ = torch.__version__.partition("+")
            rows = list(zip(names, map(str, variable.today()), strict=True))
            panel("variable_today", f"<p>In PyTorch {version}, for any tensor t:</p>{table((), rows)}")
        columns, titles = st.columns(2, gap="medium"), ("**Then:** up to 0.3", "**Now:** since 0.4")
        for column, title, then in zip(columns, titles, (True, False), strict=True):
            with column:
                st.markdown(title)
                in_code(variable.code(square, then), variable.printed(square, then), wrap=True)
