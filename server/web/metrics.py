"""Counters of one web process, for Prometheus. Labels are words of the contract, never data."""

from __future__ import annotations

import threading
import time

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from server.office import Office
from server.services import carrying, linking, reading

KEY = "xiaonao_metrics"
TALLY_PAGE = 500
TALLY_PAGES = 40
"""Events counted in one scrape at most; the next scrape counts on."""


class Metrics:
    def __init__(self, office: Office) -> None:
        self.registry = CollectorRegistry()
        self.reports = self._counter("reports", "Reports taken in.", "route")
        self.repeats = self._counter("reports_known", "Reports that were known already.")
        self.telemetry = self._counter("telemetry_messages", "Device messages.", "outcome")
        self.requests = self._counter("requests", "Answers.", "endpoint", "method", "status")
        self.refused_streams = self._counter("streams_refused", "Streams past the budget.")
        self.follower_faults = self._counter("stream_follow_faults", "Times the log was lost.")
        self.events = self._counter("events", "Events told since this process began.", "kind")
        self.tiles = self._counter("map_tiles", "Tiles of the site's own map asked for.", "outcome")
        self.seconds = Histogram(
            "xiaonao_request_seconds", "Time to answer.", ["endpoint"], registry=self.registry
        )
        self.streams = self._gauge("stream_clients", "Open live streams.")
        self.event_number = self._gauge("event_number", "Number of the newest event counted.")
        self.link_rate = self._gauge(
            "link_rate", "Share of the last 30 days' reports whose caller is known from another."
        )
        self.link_questions = self._gauge("link_questions", "Questions of identity left to people.")
        self.uncarried = self._gauge(
            "devices_without_carrier", "Devices in use that no member on duty carries."
        )
        self.unlinked = self._gauge("reports_unlinked", "Reports nobody asked yet who called.")
        self.model = self._gauge("model_usable", "1 while a model can be asked.")
        self.routing = Gauge(
            "xiaonao_routing_questions",
            "Questions to the routing engine by this process, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self._office = office
        self._counted: int | None = None
        self._lock = threading.Lock()

    def text(self) -> bytes:
        """Prometheus text, after counting the events that came since the last scrape."""
        with self._lock:
            self._tally()
        links = linking.link_figures(self._office)
        self.link_rate.set(links.rate)
        self.link_questions.set(links.questions)
        self.unlinked.set(links.unlinked)
        self.uncarried.set(carrying.without_carrier(self._office))
        self.model.set(self._office.judge.fault is None)
        for outcome, count in (self._office.roads.counts if self._office.roads else {}).items():
            self.routing.labels(outcome).set(count)
        return generate_latest(self.registry)

    def start_counting(self) -> None:
        """Count events from now on."""
        with self._lock:
            self._counted = reading.last_event(self._office)

    def _tally(self) -> None:
        if self._counted is None:
            self._counted = reading.last_event(self._office)
        for _ in range(TALLY_PAGES):
            found = reading.events_after(self._office, self._counted, limit=TALLY_PAGE)
            for event in found:
                self.events.labels(event.kind).inc()
                self._counted = event.id
            if len(found) < TALLY_PAGE:
                break
        self.event_number.set(self._counted)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"xiaonao_{name}", words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(f"xiaonao_{name}", words, registry=self.registry)


def register(app: Flask, office: Office) -> Metrics:
    made = Metrics(office)
    made.start_counting()
    app.extensions[KEY] = made
    app.before_request(_start_clock)
    app.after_request(_count)
    return made


def current_metrics() -> Metrics:
    return of(current_app)


def of(app: Flask) -> Metrics:
    found = app.extensions[KEY]
    assert isinstance(found, Metrics)
    return found


def report_filed(route: str, *, created: bool) -> None:
    made = current_metrics()
    if created:
        made.reports.labels(route).inc()
    else:
        made.repeats.inc()


def telemetry_stored(accepted: int, duplicates: int, rejected: int) -> None:
    counter = current_metrics().telemetry
    counter.labels("accepted").inc(accepted)
    counter.labels("duplicate").inc(duplicates)
    counter.labels("rejected").inc(rejected)


def _start_clock() -> None:
    g.began = time.perf_counter()


def _count(answer: Response) -> Response:
    made, endpoint = current_metrics(), request.endpoint or "none"
    method = request.method if request.method in {"GET", "HEAD", "POST", "OPTIONS"} else "other"
    made.requests.labels(endpoint, method, str(answer.status_code)).inc()
    began = g.get("began")
    if began is not None:
        made.seconds.labels(endpoint).observe(time.perf_counter() - began)
    return answer
