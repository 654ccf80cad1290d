"""The lesson on `Variable`."""

import streamlit as st
import torch

from ganlab.lessons import variable
from ganlab.ui.kit import inputs
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, lesson
from ganlab.ui.lessons import tables


@st.fragment
def section() -> None:
    """One derivative, written then and now; and what Variable is today."""
    with lesson(
        "Variable, then and now",
        "variable",
        "“A tensor must be made a Variable to be differentiated.” True before PyTorch 0.4 (April 2018). And now?",
    ) as (doing, beside):
        with doing:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                x = st.number_input(
                    "x", value=3.0, step=0.5, format="%g", key="variable_x", persist_state="session", width=140
                )
                requires_grad = st.toggle("requires_grad", True, key="variable_requires_grad", persist_state="session")
            asked = inputs.in_force("variable", lambda: variable.Square(x, requires_grad), variable.Square())
            panel(
                "variable_told",
                "<p>Both print the same: the derivative of x² is 2x. Since 0.4 a tensor does by itself what Variable "
                "did; the one thing to say is <code>requires_grad=True</code>. Switch it off to see the error that "
                "the notes were about.</p>",
            )
        with beside:
            panel("variable_today", _today())
        then, now = st.columns(2, gap="medium")
        with then:
            st.markdown("**Then,** up to 0.3")
            in_code(variable.code_then(asked), variable.printed_then(asked), wrap=True)
        with now:
            st.markdown("**Now,** since 0.4")
            in_code(variable.code_now(asked), variable.printed_now(asked), wrap=True)


def _today() -> str:
    today = variable.today()
    rows = [
        ("type(Variable(t))", today.type),
        ("isinstance(t, Variable)", today.tensors_are_variables),
        ("same memory as t", today.same_memory),
    ]
    return f"<p>In PyTorch {torch.__version__.split('+')[0]}, for any tensor t:</p>" + tables.table(
        (), [(f"<code>{name}</code>" if "(" in name else name, str(value)) for name, value in rows]
    )
