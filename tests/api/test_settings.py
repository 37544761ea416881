from pathlib import Path

import pytest

from api.errors import SettingsError
from api.settings import Settings, load_settings, read_dotenv, variables

ROOT = Path(__file__).parents[2]
NOWHERE = Path("no-such-folder") / ".env"


def test_without_any_variable_the_defaults_hold() -> None:
    assert load_settings({}, NOWHERE) == Settings()


def test_catalogs_lie_in_the_folder_data_by_default() -> None:
    assert Settings().storage == Path("data")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SKULENS_STORAGE", "shelf", Path("shelf")),
        ("SKULENS_CACHE_DIR", "~/warm", Path.home() / "warm"),
        ("SKULENS_WEIGHTS", "own", Path("own")),
        ("SKULENS_THREADS", "2", 2),
        ("SKULENS_DEVICE", "cpu", "cpu"),
        ("SKULENS_WORDS", "no", False),
        ("SKULENS_ALLOW_NONCOMMERCIAL_WEIGHTS", "yes", True),
        ("SKULENS_S3_BUCKET", "my-bucket", "my-bucket"),
        ("SKULENS_S3_PREFIX", "/a/b/", "a/b"),
        ("SKULENS_S3_ENDPOINT", "http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("SKULENS_S3_REGION", "eu-central-1", "eu-central-1"),
        ("SKULENS_S3_PATH_STYLE", "no", False),
        ("SKULENS_S3_ENCRYPTION", "aws:kms:k1", "aws:kms:k1"),
        ("SKULENS_S3_TIMEOUT_S", "2.5", 2.5),
        ("SKULENS_STATE", "desk", Path("desk")),
        ("SKULENS_CAMERA_NETWORKS", "10.0.0.0/8, fd00::/8", ("10.0.0.0/8", "fd00::/8")),
        ("SKULENS_ICE_SERVERS", "stun:a:1,turn:b", ("stun:a:1", "turn:b")),
        ("SKULENS_ICE_ADDRESSES", "127.0.0.1", ("127.0.0.1",)),
        ("SKULENS_ICE_PUBLIC_ADDRESSES", "192.0.2.1", ("192.0.2.1",)),
        ("SKULENS_ICE_PORTS", "40000-40100", (40000, 40100)),
        ("SKULENS_TURN_USERNAME", "me", "me"),
        ("SKULENS_TURN_CREDENTIAL", "secret", "secret"),
        ("SKULENS_ENROLMENT_REFUSES", "twin, Blurred", ("twin", "blurred")),
        ("SKULENS_TWIN_SIMILARITY", "0.95", 0.95),
        ("SKULENS_SERVER", "https://shop.example.com/", "https://shop.example.com"),
        ("SKULENS_KEY", "sk_1", "sk_1"),
        ("SKULENS_BODIES_GB", "2", 2.0),
        ("SKULENS_CONNECTIONS", "50", 50),
        ("SKULENS_CONNECTIONS_PER_ADDRESS", "8", 8),
        ("SKULENS_TRUSTED_PROXIES", "10.0.0.7, fd00::/8", ("10.0.0.7/32", "fd00::/8")),
        ("SKULENS_REQUESTS_PER_SECOND", "20", 20.0),
        ("SKULENS_WAIT_S", "2.5", 2.5),
        ("SKULENS_ENGINE_SILENCE_S", "30", 30.0),
        ("SKULENS_SYNC_MINUTES", "0.5", 0.5),
        ("SKULENS_RECONCILE_HOURS", "0", 0.0),
        ("SKULENS_IMPORT_GB", "0.5", 0.5),
        ("SKULENS_FREE_GB", "5", 5.0),
        ("SKULENS_UPLOADS_GB", "0.5", 0.5),
        ("SKULENS_UPLOADS_PER_KEY_GB", "0.25", 0.25),
        ("SKULENS_JOB_DAYS", "7", 7.0),
    ],
)
def test_each_variable_sets_its_value(name: str, text: str, value: object) -> None:
    settings = load_settings({name: text}, NOWHERE)
    assert getattr(settings, name.removeprefix("SKULENS_").lower()) == value


def test_no_variable_is_left_untested_above() -> None:
    assert len(variables()) == 40


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SKULENS_THREADS", "many"),
        ("SKULENS_IMPORT_GB", "-1"),
        ("SKULENS_FREE_GB", "much"),
        ("SKULENS_ENROLMENT_REFUSES", "small,ugly"),
        ("SKULENS_TWIN_SIMILARITY", "1.2"),
        ("SKULENS_THREADS", "-1"),
        ("SKULENS_THREADS", "²"),
        ("SKULENS_DEVICE", "tpu"),
        ("SKULENS_STORAGE", ""),
        ("SKULENS_STORAGE", "s3://bucket/prefix"),
        ("SKULENS_S3_BUCKET", "s3://bucket"),
        ("SKULENS_S3_PREFIX", "a/../b"),
        ("SKULENS_CAMERA_NETWORKS", "everywhere"),
        ("SKULENS_ICE_SERVERS", "http://a"),
        ("SKULENS_ICE_ADDRESSES", "localhost"),
        ("SKULENS_ICE_PORTS", "80-90"),
        ("SKULENS_S3_ENDPOINT", "127.0.0.1:9000"),
        ("SKULENS_S3_REGION", "eu central"),
        ("SKULENS_S3_PATH_STYLE", "perhaps"),
        ("SKULENS_S3_ENCRYPTION", "rot13"),
        ("SKULENS_S3_TIMEOUT_S", "soon"),
        ("SKULENS_S3_TIMEOUT_S", "0"),
        ("SKULENS_ALLOW_NONCOMMERCIAL_WEIGHTS", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_variable(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}.*expected"):
        load_settings({name: text}, NOWHERE)


def test_a_misspelt_variable_stops_the_start_and_the_nearest_name_is_offered() -> None:
    with pytest.raises(SettingsError, match=r"SKULENS_STORRAGE.*did you mean SKULENS_STORAGE\?"):
        load_settings({"SKULENS_STORRAGE": "x"}, NOWHERE)


def test_a_variable_in_the_wrong_case_is_misspelt_too() -> None:
    with pytest.raises(SettingsError, match="skulens_threads"):
        load_settings({"skulens_threads": "2"}, NOWHERE)


def test_other_programs_variables_do_not_matter() -> None:
    assert load_settings({"PATH": "/bin", "SKULENSES": "2"}, NOWHERE) == Settings()


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("SKULENS_THREADS=1\nSKULENS_DEVICE=cpu\n")
    settings = load_settings({"SKULENS_THREADS": "3"}, dotenv)
    assert (settings.threads, settings.device) == (3, "cpu")


def test_a_misspelt_variable_in_dotenv_stops_the_start(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("SKULENS_DEVISE=cpu\n")
    with pytest.raises(SettingsError, match="SKULENS_DEVISE"):
        load_settings({}, dotenv)


def test_dotenv_understands_comments_quotes_and_export(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("# a comment\n\nexport A='one # two'\nB=\"x\"\nC = 3 # three\nD=\n")
    assert read_dotenv(dotenv) == {"A": "one # two", "B": "x", "C": "3", "D": ""}


def test_the_keys_of_a_bucket_may_stand_in_dotenv(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("ACCESS_KEY=a\nSECRET_KEY=b\n")
    assert load_settings({}, dotenv) == Settings(access_key="a", secret_key="b")
    environment = {"ACCESS_KEY": "c", "SECRET_KEY": "d"}
    assert load_settings(environment, dotenv) == Settings(access_key="c", secret_key="d")


def test_one_key_of_a_bucket_without_the_other_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ACCESS_KEY and SECRET_KEY go together"):
        load_settings({"ACCESS_KEY": "a"}, tmp_path / ".env")


def test_secrets_do_not_show() -> None:
    assert "hush" not in repr(Settings(access_key="hush", secret_key="hush"))


@pytest.mark.parametrize("content", [b"SKULENS_THREADS\n", b"2=3\n", b"\xff\xfe\n"])
def test_a_dotenv_that_is_none_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(content)
    with pytest.raises(SettingsError, match=r"\.env"):
        load_settings({}, dotenv)


@pytest.mark.parametrize(
    "documents",
    [["README.md", "docs/catalog.md", "docs/import.md", "docs/operations.md"], [".env.example"]],
)
def test_every_setting_is_documented(documents: list[str]) -> None:
    text = "".join((ROOT / document).read_text() for document in documents)
    assert [name for name in variables() if name not in text] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_dotenv_of_windows_in_the_world_is_read(tmp_path: Path, encoding: str, end: str) -> None:
    dotenv = tmp_path / ".env"
    lines = ["SKULENS_THREADS=3", "", "# more", 'SKULENS_STORAGE="Käse"', ""]
    dotenv.write_bytes(end.join(lines).encode(encoding))
    settings = load_settings({}, dotenv)
    assert (settings.threads, settings.storage) == (3, Path("Käse"))


def test_the_example_names_no_setting_that_does_not_exist() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line.lstrip("# ").split("=", 1) for line in lines if "=" in line)
    assert load_settings(given, NOWHERE)
