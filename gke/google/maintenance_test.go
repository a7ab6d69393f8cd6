package google

import (
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestMaintenance reads each of the shapes in which the API tells a window.
func TestMaintenance(t *testing.T) {
	day := func(y, m, d, h int) time.Time { return time.Date(y, time.Month(m), d, h, 30, 0, 0, time.UTC) }
	for shape, want := range map[string]facts.MaintenanceWindow{
		`{}`: {},
		`{"dailyMaintenanceWindow":{"startTime":"03:30"}}`:   {Start: day(2000, 1, 1, 3), End: day(2000, 1, 1, 7), Recurrence: "FREQ=DAILY"},
		`{"dailyMaintenanceWindow":{"startTime":"at dusk"}}`: {Unread: true},
		`{"recurringWindow":{"window":{"startTime":"2026-11-01T03:30:00Z","endTime":"2026-11-01T09:30:00Z"},"recurrence":"FREQ=WEEKLY;BYDAY=SU"}}`:                                       {Start: day(2026, 11, 1, 3), End: day(2026, 11, 1, 9), Recurrence: "FREQ=WEEKLY;BYDAY=SU"},
		`{"recurringMaintenanceWindow":{"delayUntil":{"year":2026,"month":12,"day":2},"windowStartTime":{"hours":22,"minutes":30},"windowDuration":"14400s","recurrence":"FREQ=DAILY"}}`: {Start: day(2026, 12, 2, 22), End: day(2026, 12, 3, 2), Recurrence: "FREQ=DAILY"},
	} {
		w := &containerpb.MaintenanceWindow{}
		if err := protojson.Unmarshal([]byte(shape), w); err != nil {
			t.Fatal(err)
		}
		if got := maintenance(w); got != want {
			t.Errorf("%s: %+v, want %+v", shape, got, want)
		}
	}
}
