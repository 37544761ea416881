"""The client: one method for each operation of a service."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from client.bodies import (
    Keep,
    OnBytes,
    Picture,
    if_match,
    image_parts,
    keep_field,
    read_chunks,
    route,
)
from client.connection import Connection, Query, ServerEvent
from client.location_records import LocatedAmongJson, LocatedCropJson
from client.proposal_records import ProposalsJson
from client.records import (
    AttributeJson,
    CatalogJson,
    ExplainedJson,
    FoundPageJson,
    IdentificationJson,
    JobJson,
    KeptImageJson,
    ProductJson,
    SessionJson,
    ShownCatalogJson,
    VideoEventsJson,
    WrittenJson,
)
from client.thumbnail_records import ThumbnailsJson

PAGE_SIZE: Final = 200  # items per request, the most that a service allows


class Client(Connection):
    """A client with one method per route of a service.

    Every method raises `client.errors.ClientError`: `Declined` or `Unreachable`.
    """

    # Catalogs

    def catalogs(self) -> Iterator[CatalogJson]:
        """Yield all catalogs that the key may read, by name."""
        return self._pages("/v1/catalogs", "catalogs", {})

    def create_catalog(self, catalog: str) -> CatalogJson:
        """Create an empty catalog."""
        return cast(CatalogJson, self.request("POST", "/v1/catalogs", payload={"catalog": catalog}))

    def catalog(self, catalog: str) -> ShownCatalogJson:
        """Return the counts of a catalog, and the networks that encoded it."""
        return cast(ShownCatalogJson, self.request("GET", route("catalogs", catalog)))

    def delete_catalog(self, catalog: str) -> None:
        """Delete a catalog with all its products and pictures, permanently."""
        self.request("DELETE", route("catalogs", catalog))

    def import_archive(
        self, catalog: str, archive: Path, on_bytes: OnBytes | None = None
    ) -> JobJson:
        """Upload a ZIP file of products; its layout is described in docs/import.md."""
        return self._send_file(route("catalogs", catalog, "import"), archive, {}, on_bytes)

    def reconcile(
        self,
        catalog: str,
        *,
        dry_run: bool = False,
        accept_loss: bool = False,
        only_sync: bool = False,
        grace_hours: float = 24.0,
    ) -> JobJson:
        """Compare a catalog with its storage; with `only_sync`, only import what people added.

        Args:
            catalog: its name.
            dry_run: report only.
            accept_loss: allow many products to disappear at once.
            only_sync: no deletions, no repairs.
            grace_hours: age in hours below which orphaned objects are kept.
        """
        payload = {
            "dry_run": dry_run,
            "accept_loss": accept_loss,
            "only_sync": only_sync,
            "grace_hours": grace_hours,
        }
        return cast(
            JobJson, self.request("POST", route("catalogs", catalog, "reconcile"), payload=payload)
        )

    # Products

    def products(self, catalog: str) -> Iterator[ProductJson]:
        """Yield all products, by id."""
        return self._pages(route("catalogs", catalog, "products"), "products", {})

    def product(self, catalog: str, product_id: str) -> ProductJson:
        """Return a product."""
        return cast(
            ProductJson, self.request("GET", route("catalogs", catalog, "products", product_id))
        )

    def add_product(
        self,
        catalog: str,
        product_id: str,
        pictures: Sequence[Picture],
        *,
        name: str = "",
        description: str = "",
        attributes: Mapping[str, AttributeJson] | None = None,
        keep: Keep | None = None,
    ) -> WrittenJson:
        """Add a product with its reference pictures, completely or not at all."""
        form = {
            "product_id": product_id,
            "name": name,
            "description": description,
            "attributes": json.dumps(dict(attributes or {})),
            **keep_field(keep),
        }
        path = route("catalogs", catalog, "products")
        return self._change("POST", path, form=form, parts=image_parts("images", pictures))

    def put_product(
        self,
        catalog: str,
        product: ProductJson,
        pictures: Sequence[Picture],
        *,
        revision: int | None = None,
        keep: Keep | None = None,
    ) -> WrittenJson:
        """Replace texts and attributes of a product, and its pictures if any are given."""
        form = {
            "name": product["name"],
            "description": product["description"],
            "attributes": json.dumps(product["attributes"]),
            **keep_field(keep),
        }
        path = route("catalogs", catalog, "products", product["product_id"])
        parts = image_parts("images", pictures)
        return self._change("PUT", path, form=form, parts=parts, headers=if_match(revision))

    def update_product(
        self,
        catalog: str,
        product_id: str,
        changes: Mapping[str, Any],
        *,
        revision: int | None = None,
    ) -> WrittenJson:
        """Change name, description or single attributes; None removes an attribute."""
        path = route("catalogs", catalog, "products", product_id)
        return self._change("PATCH", path, payload=dict(changes), headers=if_match(revision))

    def remove_product(self, catalog: str, product_id: str) -> WrittenJson:
        """Remove a product; `restore_product` brings it back."""
        return self._change("DELETE", route("catalogs", catalog, "products", product_id))

    def restore_product(self, catalog: str, product_id: str) -> WrittenJson:
        """Restore a removed product with its pictures."""
        return self._change("POST", route("catalogs", catalog, "products", product_id, "restore"))

    def add_images(
        self,
        catalog: str,
        product_id: str,
        pictures: Sequence[Picture],
        *,
        keep: Keep | None = None,
    ) -> WrittenJson:
        """Add reference pictures to a product; `keep` as in `keep_of_image`, for all of them."""
        path = route("catalogs", catalog, "products", product_id, "images")
        parts = image_parts("images", pictures)
        return self._change("POST", path, form=keep_field(keep), parts=parts)

    def kept_of_images(self, catalog: str, product_id: str) -> list[KeptImageJson]:
        """Return the part that is kept of each picture of a product."""
        path = route("catalogs", catalog, "products", product_id, "images")
        return cast(list[KeptImageJson], self.request("GET", path)["kept"])

    def keep_of_image(
        self,
        catalog: str,
        product_id: str,
        image_id: str,
        keep: Keep,
        *,
        revision: int | None = None,
    ) -> WrittenJson:
        """Keep another part of a picture, which is encoded anew at once.

        Args:
            catalog: its name.
            product_id: whose picture.
            image_id: of the picture.
            keep: "whole", "automatic" to have it found, or the four corners of the product in
                pixels of the upright picture.
            revision: only if the product has this revision.
        """
        path = route("catalogs", catalog, "products", product_id, "images", image_id, "outline")
        return self._change("PUT", path, payload={"keep": keep}, headers=if_match(revision))

    def remove_image(
        self, catalog: str, product_id: str, image_id: str, *, revision: int | None = None
    ) -> WrittenJson:
        """Remove a reference picture of a product; the last one cannot be removed."""
        path = route("catalogs", catalog, "products", product_id, "images", image_id)
        return self._change("DELETE", path, headers=if_match(revision))

    # Identification and search

    def identify(
        self, catalog: str, picture: Picture, *, whole_image: bool = False
    ) -> IdentificationJson:
        """Find the catalog's products in a picture, most probable first."""
        return cast(
            IdentificationJson,
            self.request(
                "POST",
                route("catalogs", catalog, "identify"),
                query={"whole_image": whole_image},
                parts=image_parts("image", [picture]),
            ),
        )

    def thumbnails(
        self,
        picture: Picture,
        aspects: str | Sequence[str] = ("1:1",),
        *,
        width: int | None = None,
        pictures: bool = False,
        saliency: bool = False,
    ) -> ThumbnailsJson:
        """Return the most pleasant crop of a picture at each aspect, such as 16:9.

        Args:
            picture: a file, or its name and bytes.
            aspects: width to height; one, or several.
            width: pixels of `picture` in the answer; as cut if None.
            pictures: add the thumbnails as data URLs.
            saliency: add the map of what draws the eye.
        """
        query: dict[str, Any] = {
            "aspect": [aspects] if isinstance(aspects, str) else list(aspects),
            "pictures": pictures,
            "saliency": saliency,
        }
        if width is not None:
            query["width"] = width
        parts = image_parts("image", [picture])
        answer = self.request("POST", "/v1/crops/thumbnail", query=query, parts=parts)
        return cast(ThumbnailsJson, answer)

    def explain(self, catalog: str, picture: Picture, product_id: str) -> ExplainedJson:
        """Return the gates that a product passes in a picture, and the one that it fails."""
        return cast(
            ExplainedJson,
            self.request(
                "POST",
                route("catalogs", catalog, "explain"),
                query={"product_id": product_id},
                parts=image_parts("image", [picture]),
            ),
        )

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
        """Find products by text, by a picture, or by both."""
        payload = {
            "text": text,
            "where": list(where),
            "facets": list(facets),
            "offset": offset,
            "limit": limit,
        }
        path = route("catalogs", catalog, "search")
        answer: FoundPageJson
        if picture is None:
            answer = self.request("POST", path, payload=payload)
        else:
            form = {"query": json.dumps(payload)}
            answer = self.request("POST", path, form=form, parts=image_parts("image", [picture]))
        return answer

    # Crops

    def propose(
        self, picture: Picture, *, point: tuple[float, float] | None = None, limit: int = 5
    ) -> ProposalsJson:
        """Return what may be meant in a picture, the likeliest first.

        Args:
            picture: a file, or its name and bytes; 320 by 480 pixels are enough.
            point: a tap (x, y) in its pixels.
            limit: most proposals.
        """
        query: dict[str, str | int] = {"limit": limit}
        if point is not None:
            query["point"] = ",".join(repr(float(number)) for number in point)
        parts = image_parts("image", [picture])
        answer = self.request("POST", "/v1/crops/propose", query=query, parts=parts)
        return cast(ProposalsJson, answer)

    def locate_crop(
        self, a: Picture, b: Picture, *, mirrored: bool = False, difference: bool = False
    ) -> LocatedCropJson:
        """Return whether one picture is a crop of the other, and where it was cut out.

        Args:
            a: a picture.
            b: another.
            mirrored: a mirror image counts, too.
            difference: answer a picture of what differs, as a data URL.
        """
        return cast(
            LocatedCropJson,
            self.request(
                "POST",
                "/v1/crops/locate",
                query={"mirrored": mirrored, "difference": difference},
                parts=image_parts("image", [a, b]),
            ),
        )

    def locate_among(
        self, picture: Picture, others: Sequence[Picture], *, mirrored: bool = False
    ) -> LocatedAmongJson:
        """Return which of many pictures one is cut from, the most telling answer first.

        Args:
            picture: that is looked for.
            others: at most 32, at most 100 MB together.
            mirrored: a mirror image counts, too.
        """
        parts = [*image_parts("image", [picture]), *image_parts("among", others)]
        query = {"mirrored": mirrored}
        answer = self.request("POST", "/v1/crops/locate", query=query, parts=parts)
        return cast(LocatedAmongJson, answer)

    # Videos and other jobs

    def send_video(
        self,
        catalog: str,
        video: Path,
        *,
        annotated: bool = False,
        on_bytes: OnBytes | None = None,
    ) -> JobJson:
        """Upload a video file; the job that matches it waits in the queue."""
        query: Query = {"name": video.name, "annotated": annotated}
        return self._send_file(route("catalogs", catalog, "videos"), video, query, on_bytes)

    def video_events(self, job_id: str, cursor: str = "") -> VideoEventsJson:
        """Return the events of a video since a cursor."""
        query = {"cursor": cursor} if cursor else {}
        return cast(
            VideoEventsJson, self.request("GET", route("videos", job_id, "events"), query=query)
        )

    def annotated(self, job_id: str, target: Path) -> None:
        """Download the annotated video.

        Raises:
            OSError: the file cannot be written.
        """
        draft = target.with_name(f"{target.name}.part")
        try:
            with draft.open("wb") as file:
                for chunk in self.download(route("videos", job_id, "annotated.mp4")):
                    file.write(chunk)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def job(self, job_id: str) -> JobJson:
        """Return the state of a job."""
        return cast(JobJson, self.request("GET", route("jobs", job_id)))

    def cancel_job(self, job_id: str, *, forget: bool = False) -> JobJson:
        """Cancel a job; completed parts of its work remain.

        Args:
            job_id: the job.
            forget: remove its record and its files, too.
        """
        query = {"forget": "true"} if forget else None
        return cast(JobJson, self.request("DELETE", route("jobs", job_id), query=query))

    # Live

    def begin_session(self, catalog: str, url: str, *, transport: str = "auto") -> SessionJson:
        """Have the service match a camera that it can reach, until the session ends."""
        payload = {"catalog": catalog, "url": url, "transport": transport}
        return cast(SessionJson, self.request("POST", "/v1/sessions", payload=payload))

    def session(self, session_id: str) -> SessionJson:
        """Return the state and the counters of a session."""
        return cast(SessionJson, self.request("GET", route("sessions", session_id)))

    def session_events(self, session_id: str, *, after: int = 0) -> Iterator[ServerEvent]:
        """Yield the events of a session as they occur; kinds `appearance`, `status`, `end`."""
        return self.stream_events(route("sessions", session_id, "events"), {"after": after})

    def end_session(self, session_id: str) -> None:
        """End a session."""
        self.request("DELETE", route("sessions", session_id))

    def _change(self, method: str, path: str, **options: Any) -> WrittenJson:  # noqa: ANN401
        return cast(WrittenJson, self.request(method, path, **options))

    def _pages(self, path: str, name: str, query: Query) -> Iterator[Any]:
        cursor: str | None = ""
        while cursor is not None:
            position = {"cursor": cursor} if cursor else {}
            page = self.request("GET", path, query={**query, "limit": PAGE_SIZE, **position})
            yield from page[name]
            cursor = page["next_cursor"]

    def _send_file(self, path: str, file: Path, query: Query, on_bytes: OnBytes | None) -> JobJson:
        size = file.stat().st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        body = read_chunks(file, size, on_bytes)
        return cast(JobJson, self.request("POST", path, query=query, body=body, headers=headers))
