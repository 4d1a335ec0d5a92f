"""The languages: nothing without a translation, nothing translated wrongly that a program can see, and each viewer has their own."""

import re
import threading
from collections import Counter
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from explorer import i18n
from explorer.cli.main import main
from explorer.i18n import _, carried, closest, language, of_shell, speaking
from explorer.jobs import JOBS, Viewer
from models.errors import ModelError
from models.words import told
from scripts import words
from tests.punctuation import latin

OTHERS = [name for name in i18n.LANGUAGES if name != i18n.SOURCE]
KEPT = [r"`[^`]*`", r"\*\*", r"\n", r"%\(\w+\)s|%%", r":material/\w+:", r"\]\(", r"\[(?:CLS|SEP|MASK|UNK)\]"]
"""What a translation has as often as its message has it."""


def catalogue(which: str) -> dict[str, str]:
    with (i18n.LOCALE / f"{which}.po").open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file, locale=which) if entry.id}


@pytest.mark.parametrize("which", OTHERS)
def test_every_message_of_the_code_is_translated_and_no_other(which):
    found, wanted = catalogue(which), words.messages()
    assert not wanted.keys() - found.keys(), "run `make words`, and translate"
    assert not found.keys() - wanted.keys(), "run `make words`"
    assert not [message for message, string in found.items() if not string.strip()]


HUES = re.compile(r"\b(red|blue|green|purple|yellow|pale|bright|brighter|grey)\b", re.IGNORECASE)
OF_A_THEME = {"bright is 1, grey is masked", "dark is 1, grey is masked"}
"""Messages that a page chooses by the theme."""


def test_no_message_names_a_colour_that_is_another_one_in_another_theme():
    assert not [message for message in words.messages() if HUES.search(message) and message not in OF_A_THEME]


def test_messages_within_f_strings_are_found():
    assert set(words._messages_in('f"{_(\'inside\')} {x}"; N_("a" "b"); told("c {x}", x=1); _(other); print("no")')) == {"inside", "ab", "c {x}"}


@pytest.mark.parametrize("which", OTHERS)
def test_what_is_filled_in_and_marked_is_the_same(which):
    for message, string in catalogue(which).items():
        assert _places(message) == _places(string), message
        for kept in KEPT:
            assert len(re.findall(kept, message)) == len(re.findall(kept, string)), (kept, message)


def test_chinese_has_no_english_sentences():
    """A translation without a Chinese character is a name, a formula or a code."""
    same = [string for string in catalogue("zh").values() if not re.search(r"[\u4e00-\u9fff]", string)]
    assert not [string for string in same if len(re.findall(r"\b[a-z]{3,}\b", re.sub(r"`[^`]*`|\{[^}]*\}", "", string))) > 2]


CODE = re.compile(r"hub:|own:|[,;] 或|逗号 ,|分号 ;|encoder, decoder, cross|encoder_tokens, decoder_tokens")
"""What is typed in a command or a file, or the name of a sign."""


def test_chinese_is_written_with_its_own_signs():
    wrong = [(string, found) for string in catalogue("zh").values() for found in latin(string)]
    assert not [found for string, found in wrong if not CODE.search(string)]


def test_what_models_says_is_translated_with_what_was_filled_in():
    inner = ValueError(told("it returns no attention weights: its layers mix tokens in another way"))
    error = ModelError(told("{name} has no attention to show: {error}.", name="tiny", error=inner), told("Choose a transformer."))
    assert str(error) == f"tiny has no attention to show: {inner.args[0]}. Choose a transformer."
    with speaking("zh"):
        said = _(error.problem)
        assert said.startswith("tiny") and said.count("注意力") >= 2 and "token" in said
        assert not re.search(r"attention|weights|layers", said) and _(error.advice) != error.advice
    assert _(error.problem) == error.problem


def test_two_threads_speak_two_languages_at_the_same_moment():
    both, said = threading.Barrier(2), {}

    def speak(which: str) -> None:
        with speaking(which):
            for _time in range(50):
                both.wait(10)
                said.setdefault(which, set()).add((language(), _("Attention")))

    threads = [threading.Thread(target=speak, args=(which,)) for which in ("en", "zh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert said == {"en": {("en", "Attention")}, "zh": {("zh", "注意力")}}


def test_a_job_speaks_the_language_of_who_asked(monkeypatch):
    # Outside of any context the dashboard says who looks; a job runs where nobody can be asked.
    monkeypatch.setattr(i18n, "_asked", lambda: "zh" if threading.current_thread() is threading.main_thread() else None)
    job = JOBS.start("a job that speaks", "speaks", lambda _report: _("Attention"), Viewer("one", lambda: True))
    assert job.wait(30) and job.result == "注意力"


def test_what_failed_is_asked_for_anew_in_another_language():
    def breaks(_report):
        raise RuntimeError("boom")

    def fails(_report):
        raise ModelError(_("There is no text."))

    for key, work in (("breaks in two languages", breaks), ("fails in two languages", fails)):
        said = {}
        for which in ("en", "zh", "zh"):
            with speaking(which):
                job = JOBS.start(key, "title", work, Viewer(which, lambda: True))
            assert job.wait(30)
            said.setdefault(which, []).append(job.error)
        assert said["zh"][0] is said["zh"][1], "for who reads the same language it failed once"
        assert not re.search(r"[\u4e00-\u9fff]", said["en"][0].problem) and re.search(r"[\u4e00-\u9fff]", said["zh"][0].problem)


def test_a_context_is_carried_into_another_thread():
    said = []
    with speaking("zh"):
        thread = threading.Thread(target=carried().run, args=(lambda: said.append(language()),))
    thread.start()
    thread.join(10)
    assert said == ["zh"] and language() == "en"


@pytest.mark.parametrize(
    ("name", "found"),
    [("zh-CN", "zh"), ("zh_TW.UTF-8", "zh"), ("ZH", "zh"), ("en-GB", "en"), ("fr", None), ("", None), (None, None), ("C", None)],
)
def test_the_closest_language(name, found):
    assert closest(name) == found


def test_the_shell_speaks_the_language_of_the_environment(monkeypatch, capsys):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert of_shell() == "zh"
    with pytest.raises(SystemExit):
        main(["prune", "--help"])
    in_chinese = capsys.readouterr().out
    assert main(["capture", "--model", "/nowhere/at/all", "--text", "a", "--out", "x.npz"]) == 1
    assert "文件夹" in capsys.readouterr().err
    monkeypatch.setenv("LANG", "C.UTF-8")
    with pytest.raises(SystemExit):
        main(["prune", "--help"])
    in_english = capsys.readouterr().out
    assert re.search(r"[\u4e00-\u9fff]", in_chinese) and not re.search(r"[\u4e00-\u9fff]", in_english)


def test_what_argparse_says_itself_is_in_the_language_of_the_environment(monkeypatch, capsys):
    def said(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(arguments)
        return "".join(capsys.readouterr())

    # As argparse writes them: a newer Python may have other words.
    wrong = (["prune", "--help"], ["prune"], ["prune", "--nonsense"], ["nonsense"], ["capture", "--layers"])
    monkeypatch.setenv("LANGUAGE", "en")
    assert "show this help message and exit" in said("--help") and "examples:" in said("--help")
    english = [said(*one) for one in wrong]
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    for one, before in zip(wrong, english, strict=True):
        after = said(*one)
        assert not re.search(r"usage:|options:|error:|arguments|invalid|show this help", after), after
        assert before != after
    assert "examples:" not in said("--help")


def _places(message: str) -> Counter:
    return Counter((name, how, form) for _before, name, form, how in Formatter().parse(message) if name is not None)
