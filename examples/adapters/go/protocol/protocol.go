// Package protocol reads the requests of ims-mock conformance from stdin and writes the answers to stdout.
package protocol

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
)

// Service tells where the list is and how to log in.
type Service struct {
	URL       string `json:"url"`
	IAMURL    string `json:"iam_url"`
	Region    string `json:"region"`
	Project   string `json:"project"`
	Token     string `json:"token"`
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
	User      string `json:"user"`
	Password  string `json:"password"`
	Domain    string `json:"domain"`
}

// Values are the values of a query parameter. In JSON a single value is a string.
type Values []string

func (values *Values) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*values = Values{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(values))
}

// Error is an error that the SDK reports. Status is nil and Code is empty if it does not tell them.
type Error struct {
	Status  any    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (err *Error) Error() string { return err.Message }

// Unsupported is the error of an adapter whose SDK has no such parameter.
type Unsupported string

func (reason Unsupported) Error() string { return string(reason) }

// Serve answers each request with the ids that list returns, or with its error.
func Serve(list func(Service, map[string]Values) ([]string, error)) {
	requests, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var request struct {
			ID      any
			Service Service
			Query   map[string]Values
		}
		if err := requests.Decode(&request); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		answer := map[string]any{"id": request.ID}
		ids, err := list(request.Service, request.Query)
		var unsupported Unsupported
		var reported *Error
		switch {
		case err == nil:
			answer["images"] = append([]string{}, ids...)
		case errors.As(err, &unsupported):
			answer["unsupported"] = unsupported
		case errors.As(err, &reported):
			answer["error"] = reported
		default:
			answer["error"] = Error{Message: err.Error()}
		}
		if err := answers.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
