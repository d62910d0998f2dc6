@description('Name of the function app.')
param name string

@description('Name of its plan.')
param planName string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of that identity.')
param clientId string

@description('Name of the storage account of the Functions host, the tables and the queue.')
param storageAccountName string

@description('URL of the container with the deployed package.')
param deploymentContainerUrl string

@description('Endpoint of the queue.')
param queueServiceUri string

@description('Endpoint of the tables.')
param tableServiceUri string

@description('Connection string of Application Insights. It is no secret: only the app\'s identity can send telemetry.')
param applicationInsightsConnectionString string

@description('App settings that refer to secrets in the Key Vault.')
param vaultSettings object

@description('Which of LiveChat\'s APIs the app calls: v2 or text.')
param liveChatApi string

@description('Text platform: the account of the personal access token.')
param liveChatAccountId string

@description('Text platform: the app that owns the webhooks.')
param liveChatClientId string

@description('Text platform: whether the account has HelpDesk, where tickets are: on or off.')
param helpDesk string

@description('Email address of the LiveChat account.')
param liveChatUsername string

@description('The LiveChat licence whose events are accepted; empty: any.')
param liveChatLicenseId string

@description('Calls per 60 s that each instance may make to LiveChat.')
param liveChatRateLimit int

@description('Days to keep events; 0: for ever.')
param eventRetentionDays int

@description('More days to keep events for a subscription that is behind; 0: none.')
param retentionMarginDays int

@description('Days to keep the content of a ticket that LiveChat no longer has.')
param deletedTicketDays int

@description('on: the Functions host streams request bodies; off: it reads them first and drops bodies without a Content-Length.')
param httpStreaming string

@description('Memory of an instance in MB.')
param instanceMemoryMB int

@description('HTTP requests that an instance serves at once; 0 depends on its memory.')
param httpConcurrency int

@description('The maximum number of instances of each scale group.')
param maximumInstanceCount int

@description('HTTP instances that always run.')
param alwaysReadyHttp int

@description('How a deployment or a changed setting replaces running instances.')
param updateStrategy string

@description('Spreads the instances over availability zones.')
param zoneRedundant bool

@description('Subnet for outgoing calls; empty: none.')
param subnetId string

// A delivery of 7 MB needs 30 MB of memory while it is processed. Host and worker need about 250 MB.
var concurrencyByMemory = {
  '512': 8
  '2048': 32
  '4096': 64
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // Flex Consumption has no FTP and no health check. alerts.bicep calls the app's health check from outside.
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      runtime: {
        name: 'node'
        version: '24'
      }
      siteUpdateStrategy: {
        type: updateStrategy
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyHttp == 0 ? [] : [{ name: 'http', instanceCount: alwaysReadyHttp }]
        triggers: {
          http: {
            // Requests mostly wait for LiveChat and storage, and concurrent appends of an instance share a transaction.
            // So few busy instances do more than many idle ones.
            perInstanceConcurrency: httpConcurrency == 0 ? concurrencyByMemory[string(instanceMemoryMB)] : httpConcurrency
          }
        }
      }
    }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: union(vaultSettings, {
      AzureWebJobsStorage__accountName: storageAccountName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: clientId
      LiveChatStorage__tableServiceUri: tableServiceUri
      LiveChatStorage__queueServiceUri: queueServiceUri
      LiveChatStorage__credential: 'managedidentity'
      LiveChatStorage__clientId: clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
      LIVECHAT_API: liveChatApi
      LIVECHAT_ACCOUNT_ID: liveChatAccountId
      LIVECHAT_CLIENT_ID: liveChatClientId
      HELPDESK: helpDesk
      LIVECHAT_USERNAME: liveChatUsername
      LIVECHAT_LICENSE_ID: liveChatLicenseId
      LIVECHAT_RATE_LIMIT: string(liveChatRateLimit)
      LIVECHAT_WEBHOOK_USERNAME: 'livechat'
      EVENT_RETENTION_DAYS: eventRetentionDays == 0 ? '' : string(eventRetentionDays)
      RETENTION_MARGIN_DAYS: string(retentionMarginDays)
      DELETED_TICKET_DAYS: string(deletedTicketDays)
      // The Functions host's limit in bytes: a little more than the largest delivery. With Azure's default of 100 MB,
      // callers without a key could use up the memory. The light host has the same limit.
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '17825792'
      HTTP_STREAMING: httpStreaming
      // With this setting the app registers its webhooks at LiveChat.
      WEBHOOK_BASE_URL: 'https://${app.properties.defaultHostName}'
    })
  }

  // Deployment uses Microsoft Entra ID, so publishing passwords are off.
  resource ftpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
