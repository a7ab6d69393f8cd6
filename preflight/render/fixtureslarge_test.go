package render

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// longNames has names of the greatest length everywhere, without a place to break them.
func longNames() preflight.Report {
	long := strings.Repeat("x", 253)
	r := incident()
	r.Cluster = preflight.ReportCluster{Name: strings.Repeat("c", 120), Location: "europe-west1", Project: strings.Repeat("p", 60), Version: "v1.35.4"}
	i := opaHung(forecast.Rejects, "Fail")
	i.Name, i.Webhook, i.Detail = long, "日本語"+strings.Repeat("語", 100), strings.Repeat("d", 2000)
	ws := rbacWrites()
	for n := range ws {
		ws[n].Name = strings.Repeat("r", 253)
	}
	h := &r.Forecast.ControlPlane.Hooks[0]
	h.Writes = by(ws[:1], i)
	h.Name = strings.Repeat("h", 100)
	r.Findings = r.Findings[:1]
	f := &r.Findings[0]
	f.CausedBy, f.Subject = "", preflight.Subject{Kind: opa.Kind, Name: long, Webhook: i.Webhook}
	f.Evidence[0].Value = strings.Repeat("v", 300)
	r.Open = []preflight.OpenQuestion{{Check: "GP104", Subject: f.Subject, Reason: strings.Repeat("q", 200)}}
	return remedied(r)
}

// manyNodes has 300 nodes that are not ready, and as many open questions.
func manyNodes() preflight.Report {
	r := base()
	for n := range 300 {
		node := preflight.Subject{Kind: "Node", Name: fmt.Sprintf("gke-prod-default-pool-%04d", n)}
		r.Findings = append(r.Findings, preflight.Finding{
			Check: "GP202", Severity: preflight.Warning, Subject: node,
			Summary:  "node " + node.Name + " is not ready since 2026-11-22 13:40 UTC: KubeletNotReady",
			Evidence: []preflight.Evidence{{Fact: "nodes", Path: fmt.Sprintf("/%d", n), Note: "Ready is False"}},
			Steps:    remedy.Do("find out why, before the upgrade does", remedy.Sh("kubectl describe node %s", node.Name)),
		})
		r.Open = append(r.Open, preflight.OpenQuestion{Check: "GP201", Severity: preflight.Warning, Subject: node, Reason: "it has no pool label"})
	}
	set(&r, "GP202", preflight.Fail, "")
	set(&r, "GP201", preflight.Undecided, "it has no pool label, and 299 more")
	return remedied(r)
}
