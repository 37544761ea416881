"""The client: one method for each thing that a service does."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from client.bodies import OnBytes, Picture, only_if, parts_of, path_of, read
from client.connection import Connection, Query, Told
from client.records import (
    AttributeJson,
    CatalogJson,
    ExplainedJson,
    FoundPageJson,
    IdentificationJson,
    JobJson,
    ProductJson,
    SessionJson,
    ShownCatalogJson,
    VideoEventsJson,
    WrittenJson,
)

PAGE: Final = 200


class Client(Connection):
    """Every method raises `client.errors.ClientError`: `Declined` or `Unreachable`."""

    # Catalogs

    def catalogs(self) -> Iterator[CatalogJson]:
        """All catalogs that the key may see, by name."""
        return self._pages("/v1/catalogs", "catalogs", {})

    def create_catalog(self, catalog: str) -> CatalogJson:
        """Make an empty catalog."""
        made: CatalogJson = self.ask("POST", "/v1/catalogs", said={"catalog": catalog})
        return made

    def catalog(self, catalog: str) -> ShownCatalogJson:
        """A catalog in numbers, and the networks that encoded it."""
        shown: ShownCatalogJson = self.ask("GET", path_of("catalogs", catalog))
        return shown

    def delete_catalog(self, catalog: str) -> None:
        """Delete a catalog with all its products and pictures, for ever."""
        self.ask("DELETE", path_of("catalogs", catalog))

    def import_archive(
        self, catalog: str, archive: Path, on_bytes: OnBytes | None = None
    ) -> JobJson:
        """Send a ZIP file of products; see docs/import.md for what may be in it."""
        return self._send_file(path_of("catalogs", catalog, "import"), archive, {}, on_bytes)

    def reconcile(
        self,
        catalog: str,
        *,
        dry_run: bool = False,
        accept_loss: bool = False,
        only_sync: bool = False,
        grace_hours: float = 24.0,
    ) -> JobJson:
        """Compare a catalog with its storage; with `only_sync`, only take in what people put there.

        Args:
            catalog: which.
            dry_run: change nothing.
            accept_loss: many products may disappear at once.
            only_sync: no deletions, no repairs.
            grace_hours: how long orphaned objects are left alone.
        """
        said = {
            "dry_run": dry_run,
            "accept_loss": accept_loss,
            "only_sync": only_sync,
            "grace_hours": grace_hours,
        }
        job: JobJson = self.ask("POST", path_of("catalogs", catalog, "reconcile"), said=said)
        return job

    # Products

    def products(self, catalog: str) -> Iterator[ProductJson]:
        """All products, by id."""
        return self._pages(path_of("catalogs", catalog, "products"), "products", {})

    def product(self, catalog: str, product_id: str) -> ProductJson:
        """One product."""
        shown: ProductJson = self.ask("GET", path_of("catalogs", catalog, "products", product_id))
        return shown

    def add_product(
        self,
        catalog: str,
        product_id: str,
        pictures: Sequence[Picture],
        *,
        name: str = "",
        description: str = "",
        attributes: Mapping[str, AttributeJson] | None = None,
    ) -> WrittenJson:
        """Add a product with its reference pictures; all of it or nothing."""
        form = {
            "product_id": product_id,
            "name": name,
            "description": description,
            "attributes": json.dumps(dict(attributes or {})),
        }
        path = path_of("catalogs", catalog, "products")
        return self._written("POST", path, form=form, parts=parts_of("images", pictures))

    def put_product(
        self,
        catalog: str,
        product: ProductJson,
        pictures: Sequence[Picture],
        *,
        revision: int | None = None,
    ) -> WrittenJson:
        """Give a product these texts and attributes, and these pictures if there are any."""
        form = {
            "name": product["name"],
            "description": product["description"],
            "attributes": json.dumps(product["attributes"]),
        }
        path = path_of("catalogs", catalog, "products", product["product_id"])
        parts = parts_of("images", pictures)
        return self._written("PUT", path, form=form, parts=parts, headers=only_if(revision))

    def update_product(
        self,
        catalog: str,
        product_id: str,
        changes: Mapping[str, Any],
        *,
        revision: int | None = None,
    ) -> WrittenJson:
        """Change name, description or single attributes; an attribute that is None goes away."""
        path = path_of("catalogs", catalog, "products", product_id)
        return self._written("PATCH", path, said=dict(changes), headers=only_if(revision))

    def remove_product(self, catalog: str, product_id: str) -> WrittenJson:
        """Take a product out."""
        return self._written("DELETE", path_of("catalogs", catalog, "products", product_id))

    def restore_product(self, catalog: str, product_id: str) -> WrittenJson:
        """Bring a removed product back, pictures included."""
        return self._written(
            "POST", path_of("catalogs", catalog, "products", product_id, "restore")
        )

    def add_images(self, catalog: str, product_id: str, pictures: Sequence[Picture]) -> WrittenJson:
        """Add reference pictures to a product."""
        path = path_of("catalogs", catalog, "products", product_id, "images")
        return self._written("POST", path, parts=parts_of("images", pictures))

    def remove_image(
        self, catalog: str, product_id: str, image_id: str, *, revision: int | None = None
    ) -> WrittenJson:
        """Take a reference picture away from a product; the last one stays."""
        path = path_of("catalogs", catalog, "products", product_id, "images", image_id)
        return self._written("DELETE", path, headers=only_if(revision))

    # Looking

    def identify(
        self, catalog: str, picture: Picture, *, whole_image: bool = False
    ) -> IdentificationJson:
        """Find the catalog's products in a picture, most probable first."""
        found: IdentificationJson = self.ask(
            "POST",
            path_of("catalogs", catalog, "identify"),
            query={"whole_image": whole_image},
            parts=parts_of("image", [picture]),
        )
        return found

    def explain(self, catalog: str, picture: Picture, product_id: str) -> ExplainedJson:
        """Which gate a product passes in a picture, and which one loses it."""
        explained: ExplainedJson = self.ask(
            "POST",
            path_of("catalogs", catalog, "explain"),
            query={"product_id": product_id},
            parts=parts_of("image", [picture]),
        )
        return explained

    def search(
        self,
        catalog: str,
        text: str = "",
        *,
        picture: Picture | None = None,
        where: Sequence[str] = (),
        facets: Sequence[str] = (),
        offset: int = 0,
        limit: int = 20,
    ) -> FoundPageJson:
        """Find products by words, by a picture, or by both."""
        said = {
            "text": text,
            "where": list(where),
            "facets": list(facets),
            "offset": offset,
            "limit": limit,
        }
        path = path_of("catalogs", catalog, "search")
        found: FoundPageJson
        if picture is None:
            found = self.ask("POST", path, said=said)
        else:
            form = {"query": json.dumps(said)}
            found = self.ask("POST", path, form=form, parts=parts_of("image", [picture]))
        return found

    # Videos and other jobs

    def send_video(
        self,
        catalog: str,
        video: Path,
        *,
        annotated: bool = False,
        on_bytes: OnBytes | None = None,
    ) -> JobJson:
        """Send a video file, which is matched when its turn comes."""
        query: Query = {"name": video.name, "annotated": annotated}
        return self._send_file(path_of("catalogs", catalog, "videos"), video, query, on_bytes)

    def video_events(self, job_id: str, cursor: str = "") -> VideoEventsJson:
        """What was found in a video since a cursor."""
        query = {"cursor": cursor} if cursor else {}
        told: VideoEventsJson = self.ask("GET", path_of("videos", job_id, "events"), query=query)
        return told

    def annotated(self, job_id: str, target: Path) -> None:
        """Fetch the video with everything drawn.

        Raises:
            OSError: the file cannot be written.
        """
        draft = target.with_name(f"{target.name}.part")
        try:
            with draft.open("wb") as file:
                for piece in self.bytes_of(path_of("videos", job_id, "annotated.mp4")):
                    file.write(piece)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def job(self, job_id: str) -> JobJson:
        """A job as it stands."""
        shown: JobJson = self.ask("GET", path_of("jobs", job_id))
        return shown

    def cancel_job(self, job_id: str) -> JobJson:
        """Stop a job; what it has done stays."""
        shown: JobJson = self.ask("DELETE", path_of("jobs", job_id))
        return shown

    # Live

    def begin_session(self, catalog: str, url: str, *, transport: str = "auto") -> SessionJson:
        """Have the service match a camera that it can reach, until it is stopped."""
        said = {"catalog": catalog, "url": url, "transport": transport}
        begun: SessionJson = self.ask("POST", "/v1/sessions", said=said)
        return begun

    def session(self, session_id: str) -> SessionJson:
        """A session's state and counters."""
        shown: SessionJson = self.ask("GET", path_of("sessions", session_id))
        return shown

    def session_events(self, session_id: str, *, after: int = 0) -> Iterator[Told]:
        """What happens in a session, as it happens; kinds `appearance`, `status`, `end`."""
        return self.told(path_of("sessions", session_id, "events"), {"after": after})

    def end_session(self, session_id: str) -> None:
        """End a session."""
        self.ask("DELETE", path_of("sessions", session_id))

    def _written(self, method: str, path: str, **what: Any) -> WrittenJson:  # noqa: ANN401
        written: WrittenJson = self.ask(method, path, **what)
        return written

    def _pages(self, path: str, name: str, query: Query) -> Iterator[Any]:
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            page = self.ask("GET", path, query={**query, "limit": PAGE, **more})
            yield from page[name]
            cursor = page["next_cursor"]

    def _send_file(self, path: str, file: Path, query: Query, on_bytes: OnBytes | None) -> JobJson:
        size = file.stat().st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        body = read(file, size, on_bytes)
        job: JobJson = self.ask("POST", path, query=query, body=body, headers=headers)
        return job
