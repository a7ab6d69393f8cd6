package cluster

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var secretsKey = preflight.Check{
	ID:       "GP516",
	Name:     "secrets-key",
	Title:    "The encryption of Secrets in etcd is in trouble, or being changed",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKESettings},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		e := facts.GKESettings.Of(s).Secrets
		f := preflight.Finding{Severity: preflight.Warning, Subject: finding.ClusterSubject(s), Steps: remedy.Do("see to it that GKE's service agent can encrypt and decrypt by the key, and that its versions are enabled", finding.ClusterCommand(s, "describe", "--format", "yaml(databaseEncryption)"))}
		state := strings.TrimPrefix(e.State, "CURRENT_STATE_")
		switch state {
		case "", "UNSPECIFIED", "ENCRYPTED", "DECRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED":
		case "ENCRYPTION_PENDING", "DECRYPTION_PENDING", "ALL_OBJECTS_ENCRYPTION_PENDING":
			f.Summary = fmt.Sprintf("cluster %s: what is in etcd is being re-encrypted (%s); an upgrade beside it slows both", s.Meta.Cluster.Name, state)
		case "ENCRYPTION_ERROR", "DECRYPTION_ERROR", "ALL_OBJECTS_ENCRYPTION_ERROR":
			f.Severity = preflight.Blocker
			f.Summary = fmt.Sprintf("cluster %s: changing the encryption of what is in etcd failed (%s); a new API server that can't use the key does not get ready", s.Meta.Cluster.Name, state)
		default:
			f.Severity = preflight.Blocker
			f.Undecided = fmt.Sprintf("the encryption of Secrets is in state %s, which this version of gke-preflight does not know", e.State)
			return []preflight.Finding{f}
		}
		if f.Summary != "" {
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKESettings, e.State, e.Key, "/secrets/state"))
		}
		if len(e.Errors) > 0 && !strings.HasSuffix(state, "_ERROR") {
			f.Severity = preflight.Blocker
			f.Summary = fmt.Sprintf("cluster %s: the key that encrypts Secrets gave errors, the last one on %s; a new API server that can't use it does not get ready", s.Meta.Cluster.Name, finding.Day(e.Errors[len(e.Errors)-1].Time))
		}
		for i, err := range e.Errors {
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKESettings, err.Message, err.Key, "/secrets/errors/%d/message", i))
		}
		if f.Summary == "" {
			return nil
		}
		return []preflight.Finding{f}
	},
}
