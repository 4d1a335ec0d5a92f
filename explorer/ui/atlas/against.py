"""The second atlas, and the heads that changed from the first to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from explorer.atlas import changed, shipped
from explorer.atlas.atlas import Atlas
from explorer.charts.atlas.moved import moved
from explorer.charts.common.picture import Picture
from explorer.i18n import N_, _
from explorer.ui.atlas import choices, other_texts
from explorer.ui.atlas import source as sources
from explorer.ui.atlas.source import Source
from explorer.ui.common import address, chosen_head, model_names, pictures, stage
from explorer.ui.common.head_button import head_button
from explorer.ui.common.markdown import explained
from explorer.ui.common.take_away import Figure, picture_files
from models.errors import ExplorerError
from models.opening import allowed, catalogue
from models.paths import typed

AGAINST = {"pruned": N_("this model without heads"), "texts": N_("other texts"), "model": N_("another model"), "folder": N_("a folder")}
PLACE = "second atlas"
_NAMED = 6


@dataclass(frozen=True, eq=False)
class Second:
    """The second atlas, what it is for a viewer, and by what it is known."""

    atlas: Atlas
    title: str
    key: tuple


def choose(atlas: Atlas, source: Source, chosen: tuple[int, int], part: str) -> Second | None:
    """Draws the choice of what `atlas` is held against; None where there is none yet, and the page says why."""
    options = {name: title for name, title in AGAINST.items() if name != "folder" or allowed.NOW.folders}
    which = address.choice(st.selectbox, _("Compared with"), options, "atlas_against", width=230 if stage.is_on() else 210)
    if source.parts is not None:
        # Over a part of the texts a head does something else than over all of them, without anybody having changed it.
        st.caption(_("The two are compared when all texts of the first are read."))
        return None
    try:
        return {"pruned": _pruned, "texts": _texts, "model": _model, "folder": _folder}[which](atlas, source, chosen, part)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return None


def draw(atlas: Atlas, second: Second, identity: tuple, part: str, chosen: tuple[int, int], axes: tuple[str, str]) -> Figure | None:
    """The heads by two metrics, each with its way; those that changed most as buttons and as a table."""
    try:
        table = changed.between(atlas, second.atlas, part)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return None
    about = _("Changed most, compared with {other}; change is in units of each metric's spread over all heads.").format(other=second.title)
    # In a hall the picture comes first: with these words above it, it would end below the window.
    if not stage.is_on():
        st.caption(about)
    with st.container(horizontal=True, key="changed_heads_of_atlas", gap="xsmall"):
        for one in table.head(_NAMED).itertuples():
            head_button(one.layer, one.head, chosen, "atlas_changed", f"{one.change:.2f}")
    heads = list(zip(table["layer"].tolist(), table["head"].tolist(), strict=True))
    places = [
        of.heads.loc[part].reindex(heads)[list(axes)].to_numpy(float) if set(axes) <= set(of.heads.columns) else np.full((len(heads), 2), np.nan)
        for of in (atlas, second.atlas)
    ]
    size = choices.size(320)
    titles = (choices.title_of(axes[0]), choices.title_of(axes[1]))

    def picture(first: tuple[int, int], dark: bool) -> Picture:
        return moved(heads, *places, table["change"].to_numpy(), titles=titles, chosen=first, **size, dark=dark)

    pictures.clickable("atlas_moved", (identity, second.key, part, axes, *size.values()), chosen, picture, chosen_head.picked)
    if stage.is_on():
        st.caption(about)
    of = table[(table["layer"] == chosen[0]) & (table["head"] == chosen[1])]
    if len(of) and of.iloc[0]["change"] == 0:
        st.caption(_("Head {head} did not change.").format(head=f"{chosen[0]}.{chosen[1]}"))
    elif len(of):
        one = of.iloc[0]
        message = _("Head {head} changed most in “{metric}”: {before} → {after}, {sure} standard errors of the means over texts.")
        told = {"metric": choices.title_of(one["metric"]), "before": f"{one['before']:.3f}", "after": f"{one['after']:.3f}"}
        st.caption(message.format(head=f"{chosen[0]}.{chosen[1]}", sure="–" if np.isnan(one["sure"]) else f"{one['sure']:.1f}", **told))
    return Figure(_("Changed"), "changed", picture_files(lambda: picture(chosen, False)) | {"csv": lambda: table.to_csv(index=False).encode()})


def _pruned(_atlas: Atlas, source: Source, chosen: tuple[int, int], part: str) -> Second | None:
    heads = address.entry(
        st.text_input,
        _("Heads that are switched off"),
        "pruned",
        "",
        help=_("layer.head; at first those of the board"),
        max_chars=address.LONGEST,
        width=230,
    ).strip()
    if not heads:
        here = f"{part}.{chosen[0]}.{chosen[1]}" if len(source.model.parts) > 1 else f"{chosen[0]}.{chosen[1]}"
        st.button(
            _("Switch off {head}").format(head=here),
            key="atlas_switch_off",
            icon=":material/content_cut:",
            on_click=lambda: address.write(pruned=here),
        )
        st.caption(_("Here stands which heads do something else once some are switched off: name those, or switch off the chosen one."))
        return None
    if source.corpus is None:
        st.caption(_("An atlas of a folder has no texts here to be read again. Choose texts or a file."))
        return None
    made = sources.opened(replace(source, folder=None), heads, PLACE)
    return None if made is None else Second(made, _("this model without {heads}").format(heads=heads), (source.key, heads))


def _texts(atlas: Atlas, source: Source, chosen: tuple[int, int], part: str) -> Second | None:
    made = other_texts.choose(atlas, source)
    return None if made is None else Second(*made)


def _model(atlas: Atlas, source: Source, chosen: tuple[int, int], part: str) -> Second | None:
    # This model over its own texts stands among the other texts.
    own = catalogue.resolve(atlas.model)
    names = [name for name in shipped.names() if name != own and part in shipped.opened(name).parts]
    if not names:
        st.caption(_("No other bundled model has such heads."))
        return None
    # Heads are told by their numbers, which mean most where there are as many of them.
    names.sort(key=lambda name: shipped.opened(name).sizes(part) != atlas.sizes(part))
    name = address.entry(
        st.selectbox, _("Second model"), "atlas_second", names[0], address.among(names), options=names, format_func=model_names.title, width=220
    )
    return Second(shipped.opened(name), model_names.title(name), ("shipped", name))


def _folder(_atlas: Atlas, source: Source, chosen: tuple[int, int], part: str) -> Second | None:
    given = address.entry(st.text_input, _("Folder of an atlas"), "atlas_second_folder", "", max_chars=500, width=260).strip()
    if not given:
        return None
    made = Atlas.open(typed(given))
    return Second(made, made.title, ("folder", given))
