package outbound

import (
	"net/http"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
)

// conversions are the ways in which a converter can be right and wrong. What the
// service proxy can't see, the API server's own call does.
func conversions() []subject {
	return []subject{
		{name: "healthy", stage: stage{behaviour: converting(nil)}, network: "allowed", proxy: "allowed", read: "allowed"},
		{name: "hang", stage: stage{behaviour: controlplane.Hang()}, network: "hung-before-tls", proxy: "hung", read: "hung"},
		{name: "hangafter", stage: stage{behaviour: controlplane.HangAfterTLS()}, network: "hung", proxy: "hung", read: "hung"},
		{name: "wronguid", stage: stage{behaviour: converting(wrongUID)}, network: "bad-answer wrong-uid", proxy: "bad-answer wrong-uid", read: "bad-answer wrong-uid"},
		{name: "fewer", stage: stage{behaviour: converting(fewer)}, network: "bad-answer bad-objects", proxy: "bad-answer bad-objects", read: "bad-answer bad-objects"},
		{name: "renamed", stage: stage{behaviour: converting(renamed)}, network: "bad-answer bad-objects", proxy: "bad-answer bad-objects", read: "bad-answer bad-objects"},
		{name: "relabelled", stage: stage{behaviour: converting(relabelled)}, network: "allowed", proxy: "allowed", read: "allowed"},
		{name: "unmoved", stage: stage{behaviour: converting(unmoved)}, network: "bad-answer bad-objects", proxy: "bad-answer bad-objects", read: "bad-answer bad-objects"},
		{name: "unwilling", stage: stage{behaviour: converting(unwilling)}, network: "denied", proxy: "denied", read: "denied"},
		{name: "status", stage: stage{behaviour: controlplane.Status(http.StatusInternalServerError)}, network: "bad-answer http-status", proxy: "bad-answer http-status", read: "bad-answer http-status"},
		{name: "notjson", stage: stage{behaviour: controlplane.NotJSON()}, network: "bad-answer not-a-review", proxy: "bad-answer not-a-review", read: "bad-answer not-a-review"},
		{name: "expired", stage: stage{behaviour: converting(nil), notAfter: time.Now().Add(-time.Hour)}, network: "bad-certificate expired", proxy: "allowed", read: "bad-certificate expired"},
		{name: "misnamed", stage: stage{behaviour: converting(nil), names: []string{"elsewhere.hooks.svc"}}, network: "bad-certificate wrong-name", proxy: "allowed", read: "bad-certificate wrong-name"},
		{name: "otherca", stage: stage{behaviour: converting(nil), otherCA: true}, network: "bad-certificate other-authority", proxy: "allowed", read: "bad-certificate other-authority"},
		{name: "nobody", stage: stage{noEndpoints: true}, network: "no-endpoints no-endpoint", proxy: "no-endpoints no-endpoint", read: "no-endpoints no-endpoint"},
		{name: "nowhere", stage: stage{noService: true}, network: "no-endpoints no-service", proxy: "no-endpoints no-service", read: "no-endpoints no-service"},
		{name: "empty", stage: stage{behaviour: converting(nil), nothingStored: true}, network: "tls-ok", proxy: "not-asked", read: "not-asked"},
	}
}

// aggregated are extension API servers, and what their conditions say.
func aggregated() []subject {
	return []subject{
		{name: "healthy", stage: stage{behaviour: serving("healthy")}, network: "tls-ok", read: "allowed", condition: "Passed"},
		{name: "hang", stage: stage{behaviour: controlplane.Hang()}, network: "hung-before-tls", read: "bad-answer http-status", condition: "FailedDiscoveryCheck"},
		{name: "hangafter", stage: stage{behaviour: controlplane.HangAfterTLS()}, network: "tls-ok", read: "bad-answer http-status", condition: "FailedDiscoveryCheck"},
		{name: "status", stage: stage{behaviour: controlplane.Status(http.StatusInternalServerError)}, network: "tls-ok", read: "bad-answer http-status", condition: "FailedDiscoveryCheck"},
		{name: "expired", stage: stage{behaviour: serving("expired"), notAfter: time.Now().Add(-time.Hour)}, network: "bad-certificate expired", read: "bad-answer http-status", condition: "FailedDiscoveryCheck"},
		{name: "otherca", stage: stage{behaviour: serving("otherca"), otherCA: true}, network: "bad-certificate other-authority", read: "bad-answer http-status", condition: "FailedDiscoveryCheck"},
		{name: "insecure", stage: stage{behaviour: serving("insecure"), insecure: true}, network: "nothing", read: "allowed", condition: "Passed"},
		{name: "nobody", stage: stage{noEndpoints: true}, network: "no-endpoints no-endpoint", read: "no-endpoints no-endpoint", condition: "EndpointsNotFound"},
		{name: "nowhere", stage: stage{noService: true}, network: "no-endpoints no-service", read: "no-endpoints no-service", condition: "ServiceNotFound"},
	}
}
