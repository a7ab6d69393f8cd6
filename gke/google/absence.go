package google

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"cloud.google.com/go/auth"
	"github.com/googleapis/gax-go/v2/apierror"
	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A googleAPI is one that facts are read from.
type googleAPI struct{ name, service string }

var (
	containerAPI   = googleAPI{"the GKE API", "container.googleapis.com"}
	recommenderAPI = googleAPI{"the Recommender API", "recommender.googleapis.com"}
	computeAPI     = googleAPI{"the Compute API", "compute.googleapis.com"}
	monitoringAPI  = googleAPI{"Cloud Monitoring", "monitoring.googleapis.com"}

	resourceManagerAPI = googleAPI{"Cloud Resource Manager", "cloudresourcemanager.googleapis.com"}
)

// why maps an error of a call of the API to the reason for which a fact is
// absent, and says what to do about it where that helps.
func (g googleAPI) why(err error, c facts.Cluster) facts.Absence {
	reason, detail := reasonOf(err), err.Error()
	var answer *googleapi.Error
	if errors.As(err, &answer) && answer.Message != "" {
		detail = answer.Message
	}
	var transport *url.Error
	if errors.As(err, &transport) {
		detail = transport.Err.Error()
	}
	switch {
	case disabled(err):
		detail = fmt.Sprintf("%s is off in project %s: run gcloud services enable %s --project %s", g.name, c.Project, g.service, c.Project)
	case reason == facts.Unauthenticated:
		detail = CredentialsHint(err, detail)
	case reason == facts.Timeout:
		detail = g.name + " does not answer in time"
	case reason == facts.Unreachable:
		detail = g.name + " can't be reached: " + detail
	}
	return facts.Absence{Reason: reason, Detail: detail}
}

func reasonOf(err error) facts.Reason {
	var answer *googleapi.Error
	var transport *url.Error
	switch {
	case noCredentials(err), tokenRefused(err):
		return facts.Unauthenticated
	case errors.As(err, &answer):
		return statusReason(answer.Code)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &transport) && transport.Timeout():
		return facts.Timeout
	case errors.As(err, &transport):
		return facts.Unreachable
	}
	return facts.Failed
}

func statusReason(status int) facts.Reason {
	switch status {
	case http.StatusUnauthorized:
		return facts.Unauthenticated
	case http.StatusForbidden:
		return facts.Forbidden
	case http.StatusNotFound:
		return facts.NotFound
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return facts.Timeout
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return facts.Unreachable
	}
	return facts.Failed
}

// noCredentials and tokenRefused hold for what both of Google's auth libraries
// say; not all of their errors have types.
func noCredentials(err error) bool {
	return strings.Contains(err.Error(), "could not find default credentials")
}

func tokenRefused(err error) bool {
	var token *auth.Error
	var retrieval *oauth2.RetrieveError
	return notLoggedIn(err) || errors.As(err, &token) || errors.As(err, &retrieval) || strings.Contains(err.Error(), "cannot fetch token")
}

func disabled(err error) bool {
	var details *apierror.APIError
	if !errors.As(err, &details) {
		details, _ = apierror.FromError(err)
	}
	return details != nil && details.Reason() == "SERVICE_DISABLED"
}
