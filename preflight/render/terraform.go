package render

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Terraform writes one flat JSON object of strings, which is all that Terraform's
// external data source takes: verdict; ready, which is "true" or "false"; the
// counts; a summary for an error_message; and the whole report in json.
func Terraform(w io.Writer, r preflight.Report) error {
	var whole bytes.Buffer
	if err := json.NewEncoder(&whole).Encode(r); err != nil {
		return err
	}
	n := count(r)
	return indented(w, map[string]string{
		"verdict": string(r.Verdict), "ready": strconv.FormatBool(r.Verdict == preflight.Ready),
		"outcome": string(r.Forecast.ControlPlane.Outcome),
		"cluster": clusterPath(r), "version": r.Cluster.Version, "target_version": r.TargetVersion,
		"blockers": strconv.Itoa(n.blockers), "warnings": strconv.Itoa(n.warnings), "undecided": strconv.Itoa(n.undecided), "waived": strconv.Itoa(n.waived),
		"summary": summaryOf(r), "json": string(bytes.TrimSpace(whole.Bytes())),
	})
}
