package plan

import (
	"fmt"
	"testing"
	"time"
)

// TestDefaultTimeouts reads from the configuration which versions the provider can be
// of: how long it waits by itself depends on it.
func TestDefaultTimeouts(t *testing.T) {
	for _, c := range []struct {
		constraint    string
		cluster, pool [2]time.Duration
	}{
		{"", [2]time.Duration{time.Hour, 90 * time.Minute}, [2]time.Duration{30 * time.Minute, 2 * time.Hour}},
		{"~> 6.0", [2]time.Duration{time.Hour, time.Hour}, [2]time.Duration{30 * time.Minute, 30 * time.Minute}},
		{"7.29.3", [2]time.Duration{time.Hour, time.Hour}, [2]time.Duration{30 * time.Minute, 30 * time.Minute}},
		{"7.30.1", [2]time.Duration{90 * time.Minute, 90 * time.Minute}, [2]time.Duration{time.Hour, time.Hour}},
		{">= 7.30, < 7.42", [2]time.Duration{90 * time.Minute, 90 * time.Minute}, [2]time.Duration{time.Hour, time.Hour}},
		{"~> 7.42", [2]time.Duration{90 * time.Minute, 90 * time.Minute}, [2]time.Duration{2 * time.Hour, 2 * time.Hour}},
		{"8.1.0", [2]time.Duration{90 * time.Minute, 90 * time.Minute}, [2]time.Duration{2 * time.Hour, 2 * time.Hour}},
		{"~> 7.0", [2]time.Duration{time.Hour, 90 * time.Minute}, [2]time.Duration{30 * time.Minute, 2 * time.Hour}},
		{"> 99.0", [2]time.Duration{time.Hour, 90 * time.Minute}, [2]time.Duration{30 * time.Minute, 2 * time.Hour}},
		{"what", [2]time.Duration{time.Hour, 90 * time.Minute}, [2]time.Duration{30 * time.Minute, 2 * time.Hour}},
	} {
		for kind, want := range map[string][2]time.Duration{clusterType: c.cluster, nodePoolType: c.pool} {
			b := fmt.Sprintf(`{"format_version": "1.2", "configuration": {"provider_config": {"google": {"full_name": "p/google", "version_constraint": %q}, "other": {"full_name": "p/other", "version_constraint": "1.0"}, "bare": {}}},
				"resource_changes": [{"address": "x", "mode": "managed", "type": %q, "provider_name": "p/google", "change": {"actions": ["update"], "before": {"version": "1", "min_master_version": "1"}, "after": {"version": "2", "min_master_version": "2"}}}]}`, c.constraint, kind)
			got, err := Read([]byte(b))
			if err != nil || len(got) != 1 || got[0].Timeout != want[0] || got[0].TimeoutMost != want[1] || (got[0].Waits != "") != (want[0] != want[1]) {
				t.Errorf("%q, %s: %+v, %v, want %v", c.constraint, kind, got, err, want)
			}
		}
	}
}

// A timeout that is given is held against both defaults where both are possible.
func TestShortTimeouts(t *testing.T) {
	for given, want := range map[string]string{
		"75m":  "timeouts.update is 75m, where the provider itself waits 60m (90m since 7.30): when it is over the pipeline fails, while GKE goes on",
		"20m":  "timeouts.update is 20m, less than the provider's own 60m (90m since 7.30): when it is over the pipeline fails, while GKE goes on",
		"90m":  "",
		"soon": `timeouts.update "soon" is no duration such as 60m`,
	} {
		got, err := Read(planOf(clusterType, `{"actions": ["update"], "before": {`+prod+`}, "after": {`+prod+`, "min_master_version": "1.36", "timeouts": {"update": "`+given+`"}}}`))
		if err != nil || len(got) != 1 || len(got[0].Warnings) > 0 != (want != "") || want != "" && got[0].Warnings[0] != want {
			t.Errorf("%s: %+v, %v, want %q", given, got, err, want)
		}
	}
}
