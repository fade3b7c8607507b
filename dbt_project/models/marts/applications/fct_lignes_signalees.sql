with lignes as (
    select code_application || '/comptes' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_applications__comptes') }}
    union all
    select 'journal_formations/sessions' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_applications__sessions') }}
    union all
    select 'journal_assistance/interventions' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_applications__interventions') }}
    union all
    select 'journal_elections/traitements' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_applications__traitements') }}
    union all
    select systeme || '/bulletins' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_rh__bulletins') }}
    union all
    select systeme || '/agents' as source, exercice, null as code_collectivite, poids, motif
    from {{ ref('int_rh__agents') }}
    union all
    select
        case systeme when 'dsn' then 'dsn/activites' else systeme || '/heures' end as source,
        exercice,
        null as code_collectivite,
        poids,
        motif
    from {{ ref('int_rh__heures') }}
    union all
    select 'dsn/declarations' as source, exercice, null as code_collectivite, poids, motif
    from {{ ref('int_rh__declarations_dsn') }}
    union all
    select 'glpi/tickets' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_assistance__tickets') }}
    union all
    select 'zimbra/comptes' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_infrastructure__comptes_messagerie') }}
    union all
    select 'zimbra/quotas' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_infrastructure__boites') }}
    union all
    select 'citrix/autorisations' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_infrastructure__autorisations') }}
    union all
    -- a line that closes a session is no line left out
    select 'citrix/evenements' as source, exercice, null as code_collectivite, poids, motif
    from {{ ref('int_infrastructure__sessions_distantes') }}
    where motif <> 'fermeture d’une session comptée'
    union all
    select 'editique/travaux' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_infrastructure__travaux_edition') }}
    union all
    select 'stockage/volumes' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_infrastructure__volumes_stockes') }}
    union all
    select 'reseau/liens' as source, exercice, null as code_collectivite, poids, motif
    from {{ ref('int_infrastructure__liens') }}
    union all
    select 'teams/usages' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_infrastructure__usages_teams') }}
    union all
    select 'sauvegardes/travaux' as source, exercice, null as code_collectivite, poids, motif
    from {{ ref('int_infrastructure__sauvegardes') }}
    union all
    select 'comite/membres' as source, exercice, code_collectivite, poids, motif
    from {{ ref('int_gouvernance__mandats') }}
    union all
    select 'comite/seances' as source, exercice, cast(null as varchar) as code_collectivite, poids, motif
    from {{ ref('int_gouvernance__seances') }}
    union all
    select 'comite/deliberations' as source, exercice, cast(null as varchar) as code_collectivite, poids, motif
    from {{ ref('int_gouvernance__deliberations') }}
    union all
    select 'rgpd/traitements_' || registre as source, exercice, cast(null as varchar) as code_collectivite, poids, motif
    from {{ ref('int_rgpd__fiches') }}
    union all
    select 'rgpd/sous_traitants' as source, exercice, cast(null as varchar) as code_collectivite, poids, motif
    from {{ ref('int_rgpd__sous_traitants') }}
    union all
    select 'rgpd/' || nature || 's' as source, exercice, cast(null as varchar) as code_collectivite, poids, motif
    from {{ ref('int_rgpd__dossiers') }}
    union all
    select 'rgpd/actions' as source, exercice, cast(null as varchar) as code_collectivite, poids, motif
    from {{ ref('int_rgpd__actions') }}
    union all
    select 'projets/projets' as source, exercice, cast(null as varchar) as code_collectivite, poids, motif
    from {{ ref('int_projets__projets') }}
    union all
    select 'projets/faits_marquants' as source, exercice, cast(null as varchar) as code_collectivite, poids, motif
    from {{ ref('int_projets__faits_marquants') }}
),

signalees as (
    select source, exercice, motif, false as est_comptee
    from lignes
    where poids = 0
    union all
    -- counted, but in no collectivité: a spelling to add to the organisation
    select source, exercice, 'collectivité inconnue' as motif, true as est_comptee
    from lignes
    where poids = 1 and code_collectivite = 'inconnue'
)

select
    cast(source as varchar) as source,
    cast(exercice as integer) as exercice,
    cast(motif as varchar) as motif,
    cast(est_comptee as boolean) as est_comptee,
    cast(count(*) as bigint) as nb_lignes
from signalees
group by source, exercice, motif, est_comptee
