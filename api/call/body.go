package call

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

const (
	// maxJSON bounds a JSON body; images of up to 10 MiB come in it as base64.
	maxJSON = 14 << 20
	// maxMultipart is Discord's bound of a request with files.
	// https://discord.com/developers/docs/reference#uploading-files
	maxMultipart = 25 << 20
	// multipartMemory is how much of a multipart body is kept in memory; the rest goes to temporary files.
	multipartMemory = 1 << 20
)

// Bind decodes the body, whichever of the three forms it comes in: JSON, multipart with payload_json, or form fields.
// https://discord.com/developers/docs/reference#uploading-files
func (c *Call) Bind(into any) error {
	kind := c.GetHeader("Content-Type")
	media, _, err := mime.ParseMediaType(kind)
	if err != nil && kind != "" {
		return badContentType()
	}
	switch media {
	case "application/json", "":
		body, err := c.read(maxJSON)
		if err != nil {
			return err
		}
		if media == "" && len(body) > 0 {
			return badContentType()
		}
		return form.Decode(body, into)
	case "multipart/form-data":
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxMultipart)
		if err := c.Request.ParseMultipartForm(multipartMemory); err != nil {
			return bodyError(err)
		}
		return c.bindFields(into)
	case "application/x-www-form-urlencoded":
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxJSON)
		if err := c.Request.ParseForm(); err != nil {
			return bodyError(err)
		}
		return c.bindFields(into)
	}
	return badContentType()
}

func badContentType() error {
	return form.Single("", "CONTENT_TYPE_INVALID",
		"Expected \"Content-Type\" header to be one of {'application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'}.")
}

func (c *Call) read(most int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, most))
	if err != nil {
		return nil, bodyError(err)
	}
	return body, nil
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || errors.Is(err, multipart.ErrMessageTooLarge) {
		return discord.ErrEntityTooLarge
	}
	return form.Single("", "BASE_TYPE_INVALID", "The body could not be read.")
}

// bindFields uses payload_json where it is, and the plain fields as texts otherwise.
func (c *Call) bindFields(into any) error {
	if payload := c.Request.PostForm.Get("payload_json"); payload != "" {
		return form.Decode([]byte(payload), into)
	}
	fields := map[string]string{}
	for name, values := range c.Request.PostForm {
		fields[name] = values[0]
	}
	encoded, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return form.Decode(encoded, into)
}
