package google

import (
	"encoding/base64"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestSettings reads a cluster that has everything, and one that has nothing.
func TestSettings(t *testing.T) {
	const everything = `{
		"maintenancePolicy": {"window": {"maintenanceExclusions": {
			"sales": {"startTime": "2026-11-20T00:00:00Z", "endTime": "2026-12-02T00:00:00Z"},
			"minor": {"startTime": "2026-11-01T00:00:00Z", "maintenanceExclusionOptions": {"scope": 1, "endTimeBehavior": 1}},
			"new":   {"maintenanceExclusionOptions": {"scope": 7}}}}},
		"notificationConfig": {"pubsub": {"enabled": true, "topic": "projects/p/topics/t", "filter": {"eventType": [2, 9]}}},
		"databaseEncryption": {"keyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k", "state": 1, "currentState": 4,
			"lastOperationErrors": [{"keyName": "k", "errorMessage": "denied", "timestamp": "2026-11-20T00:00:00Z"}]},
		"expireTime": "2026-12-20T00:00:00+00:00", "rollbackSafeUpgrade": {"controlPlaneSoakDuration": "21600s"},
		"ipAllocationPolicy": {"clusterSecondaryRangeName": "pods", "clusterIpv4CidrBlock": "10.4.0.0/14", "defaultPodIpv4RangeUtilization": 0.5,
			"additionalPodRangesConfig": {"podRangeInfo": [{"rangeName": "pods-2", "utilization": 0.9}]}}}`
	day := func(m, d int) time.Time { return time.Date(2026, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	soak := int64(21600)
	for name, c := range map[string]struct {
		json string
		want facts.ClusterSettings
	}{
		"nothing": {`{}`, facts.ClusterSettings{}},
		"everything": {everything, facts.ClusterSettings{
			Exclusions: []facts.Exclusion{
				{Name: "minor", Period: facts.Period{Start: day(11, 1)}, Scope: "NO_MINOR_UPGRADES", UntilEndOfSupport: true},
				{Name: "new", Scope: "7"},
				{Name: "sales", Period: facts.Period{Start: day(11, 20), End: day(12, 2)}, Scope: "NO_UPGRADES"},
			},
			Notifications: facts.Notifications{Enabled: true, Events: []string{"UPGRADE_EVENT", "9"}},
			Secrets: facts.SecretsEncryption{State: "CURRENT_STATE_ENCRYPTION_ERROR", Key: "projects/p/locations/l/keyRings/r/cryptoKeys/k",
				Errors: []facts.KeyError{{Key: "k", Message: "denied", Time: day(11, 20)}}},
			Expires: day(12, 20), SoakSeconds: &soak,
			PodRanges: []facts.AddressRange{{Name: "pods", Block: "10.4.0.0/14", Utilization: 0.5}, {Name: "pods-2", Utilization: 0.9}},
		}},
	} {
		m := &containerpb.Cluster{}
		if err := protojson.Unmarshal([]byte(c.json), m); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, clusterSettings(m)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestCA reads bundles: one certificate, two of them during a rotation, and what
// is no certificate, which must not look like none.
func TestCA(t *testing.T) {
	b, err := os.ReadFile("../../testdata/gke/standard-regional/cluster.json")
	if err != nil {
		t.Fatal(err)
	}
	c := &containerpb.Cluster{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, c); err != nil {
		t.Fatal(err)
	}
	one := c.GetMasterAuth().GetClusterCaCertificate()
	pem, err := base64.StdEncoding.DecodeString(one)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	end := time.Date(2056, 11, 15, 2, 7, 24, 0, time.UTC)
	for name, c := range map[string]struct {
		bundle string
		want   []time.Time
	}{
		"none":           {"", nil},
		"one":            {one, []time.Time{end}},
		"two":            {encode(strings.Repeat(string(pem), 2)), []time.Time{end, end}},
		"no base64":      {"***", []time.Time{{}}},
		"no certificate": {encode("hello"), []time.Time{{}}},
		"a broken one":   {encode("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n" + string(pem)), []time.Time{{}, end}},
	} {
		if got := caNotAfter(c.bundle); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func FuzzCA(f *testing.F) {
	for _, s := range []string{"", "***", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCmFHVnNiRzg9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := caNotAfter(s); s != "" && strings.Trim(s, "\r\n") != "" && len(got) == 0 {
			t.Errorf("%q has no certificate and no trouble", s)
		}
	})
}
