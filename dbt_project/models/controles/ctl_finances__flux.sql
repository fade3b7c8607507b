-- What the bordereaux sent to the public accountant say of themselves, and of those that did not come: a number that is
-- missing from a series, a running total that leaves one out, one of another year that counts in none, an answer to a flow
-- that is not there. What they announce is often wrong, and takes nothing away. Several series of numbers may run side by side.
with bordereaux as (
    select
        *,
        case code_sens when 'D' then 'pes/mandats' else 'pes/titres' end as source,
        'bordereau ' || cast(numero_bordereau as string)
        || case code_type_bordereau when '02' then ' d’annulation' when '01' then '' else ' de type ' || code_type_bordereau end
        || case code_sens when 'D' then ' de mandats' else ' de titres' end
        || ', budget ' || code_budget as nom,
        est_indecis and not est_retenu_accepte and motif = 'bordereau remplacé par un autre envoi' as est_a_trancher
    from {{ ref('int_finances__bordereaux') }}
),

siens as (
    select * from bordereaux
    where motif <> 'bordereau d’un autre organisme'
),

-- whose they are is said of each SIRET once
origines as (
    select
        exercice,
        source,
        siret_budget,
        motif = 'bordereau d’un autre organisme' as est_autre,
        count(*) as nb_bordereaux,
        min(_fichier) as fichier
    from bordereaux
    where motif = 'bordereau d’un autre organisme' or (siren is null and poids = 1)
    group by exercice, source, siret_budget, motif = 'bordereau d’un autre organisme'
),

-- the answers to flows that did not come; what was refused takes nothing away when its bordereau came in another flow
acquits_seuls as (
    select
        acquits.nom_flux,
        acquits.code_sens,
        annees.exercice,
        bool_or(acquits.est_accepte) as est_accepte,
        bool_or(acquits.est_accepte or renvois.numero_bordereau is null) as est_perdu,
        min(acquits._fichier) as fichier
    from {{ source('lake', 'pes__acquits') }} as acquits
    inner join {{ ref('int_communs__exercices') }} as annees
        on coalesce(acquits.exercice_bordereau, acquits.exercice) = annees.exercice
    left join (
        select distinct exercice_bordereau, code_sens, numero_bordereau from siens
        where exercice_bordereau = exercice
    ) as renvois
        on acquits.exercice_bordereau = renvois.exercice_bordereau
        and acquits.code_sens = renvois.code_sens
        and acquits.numero_bordereau = renvois.numero_bordereau
    where
        coalesce(acquits.code_domaine, '') not in ('4', '04')
        and not exists (
            select 1 from bordereaux
            where
                bordereaux.nom_commun = {{ nom_flux('acquits.nom_flux') }}
                and bordereaux.code_sens = coalesce(acquits.code_sens, bordereaux.code_sens)
                and bordereaux.numero_bordereau = coalesce(acquits.numero_bordereau, bordereaux.numero_bordereau)
                and bordereaux.exercice_bordereau = coalesce(acquits.exercice_bordereau, bordereaux.exercice_bordereau)
        )
    group by acquits.nom_flux, acquits.code_sens, annees.exercice
),

-- those of the year's budget, each number once: a refused one that nobody sent again is no hole
numerotes as (
    select
        *,
        count(*) over (partition by exercice, siret_budget, code_budget, code_sens, numero_bordereau) as nb_types,
        code_type_bordereau <> lag(code_type_bordereau) over cote
        and date_emission < lag(date_emission) over cote as est_anterieur_a_un_autre_type
    from siens
    where exercice_bordereau = exercice and rang = 1 and code_type_bordereau in ('01', '02')
    window cote as (
        partition by exercice, siret_budget, code_budget, code_sens
        order by numero_bordereau nulls last, code_type_bordereau nulls last
    )
),

-- annulations are numbered with the ordinary ones when no number is of both and their dates follow one another
numerotations as (
    select
        *,
        case
            when max(nb_types) over cote > 1 or coalesce(bool_or(est_anterieur_a_un_autre_type) over cote, false) then code_type_bordereau
            else 'commune'
        end as numerotation
    from numerotes
    window cote as (partition by exercice, siret_budget, code_budget, code_sens)
),

precedes as (
    select
        *,
        lag(numero_bordereau) over serie as numero_precedent,
        lag(cumul_annonce_eur) over serie as cumul_de_la_serie_eur,
        max(date_emission) over (
            partition by exercice, siret_budget, code_budget, code_sens, numerotation
            order by numero_bordereau nulls last
            rows between unbounded preceding and 1 preceding
        ) as date_precedente,
        case when row_number() over du_type = 1 then 0 else lag(cumul_annonce_eur) over du_type end as cumul_precedent_eur
    from numerotations
    window
        serie as (
            partition by exercice, siret_budget, code_budget, code_sens, numerotation
            order by numero_bordereau nulls last
        ),
        du_type as (
            partition by exercice, siret_budget, code_budget, code_sens, code_type_bordereau
            order by numero_bordereau nulls last
        )
),

-- another series begins after a jump of more than a thousand, when its running total, or without one its dates, say so
series as (
    select
        *,
        numero_bordereau - coalesce(numero_precedent, 0) > 1000 as est_un_saut,
        numero_bordereau - coalesce(numero_precedent, 0) > 1000
        and coalesce(
            cumul_annonce_eur - montant_lignes_eur < cumul_precedent_eur,
            date_emission <= date_precedente,
            false
        ) as est_autre_serie
    from precedes
),

attendus as (
    select
        *,
        case
            when est_autre_serie then numero_bordereau - greatest(mod(numero_bordereau, 1000) - 1, 0)
            else coalesce(numero_precedent, 0) + 1
        end as premier_attendu,
        case when est_autre_serie then 0 else cumul_precedent_eur end as cumul_attendu_eur
    from series
),

suivis as (
    select
        *,
        cumul_annonce_eur - cumul_attendu_eur in (montant_lignes_eur, montant_lignes_eur + tva_lignes_eur)
        or coalesce(
            cumul_annonce_eur - cumul_de_la_serie_eur in (montant_lignes_eur, montant_lignes_eur + tva_lignes_eur),
            false
        ) as suit_le_cumul
    from attendus
),

-- where a running total goes on, the numbers between were never used; where it does not, what lacks has no number that is
-- known when none was skipped or too many were
ruptures as (
    select
        *,
        case
            when suit_le_cumul then null
            when not suit_le_cumul and (numero_bordereau = coalesce(numero_precedent, 0) + 1 or est_un_saut) then 'PES-CUMUL'
            when numero_bordereau > premier_attendu then 'PES-TROU'
        end as regle
    from suivis
),

annonces as (
    {% for quoi, annonce, constate in [
        ('pieces', 'nb_pieces_annoncees', 'nb_pieces'),
        ('montant', 'montant_annonce_eur', 'montant_lignes_eur'),
        ('tva', 'tva_annoncee_eur', 'tva_lignes_eur'),
    ] %}
        select
            *,
            '{{ quoi }}' as quoi,
            cast({{ annonce }} as decimal(18, 2)) as annonce,
            cast({{ constate }} as decimal(18, 2)) as constate
        from siens
        where {{ annonce }} <> {{ constate }} and exercice_bordereau = exercice
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- one that lies under another year counts if it lies under its own as well
d_autres_annees as (
    select
        ailleurs.*,
        annees.exercice is not null as est_suivie,
        row_number() over (
            partition by ailleurs.exercice, ailleurs.exercice_bordereau, ailleurs.source
            order by ailleurs._fichier nulls last, ailleurs._ligne nulls last
        ) as rang_annee,
        count(*) over (partition by ailleurs.exercice, ailleurs.exercice_bordereau, ailleurs.source) as nb_bordereaux,
        sum(ailleurs.montant_lignes_eur) over (partition by ailleurs.exercice, ailleurs.exercice_bordereau, ailleurs.source) as montant_eur
    from siens as ailleurs
    left join {{ ref('int_communs__exercices') }} as annees on ailleurs.exercice_bordereau = annees.exercice
    where
        ailleurs.exercice_bordereau <> ailleurs.exercice
        and not exists (
            select 1 from siens as memes
            where
                memes.exercice = ailleurs.exercice_bordereau
                and memes.exercice_bordereau = ailleurs.exercice_bordereau
                and memes.siret_budget = ailleurs.siret_budget
                and memes.code_budget = ailleurs.code_budget
                and memes.code_sens = ailleurs.code_sens
                and memes.code_type_bordereau = ailleurs.code_type_bordereau
                and memes.numero_bordereau = ailleurs.numero_bordereau
        )
),

-- no body goes a year without paying, or without a receipt
cotes as (
    select annees.exercice, cotes.source
    from (
        select distinct exercice from bordereaux
        where exercice_bordereau = exercice
    ) as annees
    cross join (values ('pes/mandats'), ('pes/titres')) as cotes (source)
    where not exists (
        select 1 from bordereaux
        where bordereaux.exercice = annees.exercice and bordereaux.source = cotes.source and bordereaux.poids = 1
    )
),

-- lines that count, against those of the year before: copies of a flow are delivered lines as well
volumes as (
    select exercice, 'pes/' || nature_piece || 's' as source, count(*) as nb_lignes
    from {{ ref('int_finances__ecritures') }}
    where systeme = 'pes' and poids = 1
    group by exercice, nature_piece
),

-- account by account, where the accounts of the year and that side of the flows have come
montants as (
    select
        exercice,
        siret,
        sens_budgetaire,
        section,
        code_chapitre,
        compte,
        realise_eur,
        cast(null as decimal(18, 2)) as emis_eur
    from {{ ref('fct_lignes_documents') }}
    where
        est_compte_administratif
        and section is not null
        and type_operation = 'réelle'
        and code_chapitre not in ('001', '002')
    union all
    select
        exercice,
        siret,
        sens as sens_budgetaire,
        section,
        coalesce(code_chapitre, 'inconnu') as code_chapitre,
        compte,
        null as realise_eur,
        montant_eur as emis_eur
    from {{ ref('int_finances__ecritures') }}
    where poids = 1 and systeme = 'pes' and siret is not null
),

comptes as (
    select
        exercice,
        siret,
        sens_budgetaire,
        section,
        code_chapitre,
        compte,
        coalesce(sum(emis_eur), 0) - coalesce(sum(realise_eur), 0) as ecart_eur,
        bool_or(count(emis_eur) > 0) over cote and bool_or(count(realise_eur) > 0) over cote as sont_venus
    from montants
    group by exercice, siret, sens_budgetaire, section, code_chapitre, compte
    window cote as (partition by exercice, siret, sens_budgetaire)
),

-- what one account of a chapter lacks and another has too much takes nothing away
chapitres as (
    select
        exercice,
        siret,
        sens_budgetaire,
        count(*) as nb_comptes,
        abs(sum(ecart_eur)) as ecart_eur,
        {{ texte_joint("compte || '=' || cast(ecart_eur as string)", 'compte') }} as comptes
    from comptes
    where sont_venus and ecart_eur <> 0
    group by exercice, siret, sens_budgetaire, section, code_chapitre
),

ecarts as (
    select
        exercice,
        siret,
        sens_budgetaire,
        sum(nb_comptes) as nb_comptes,
        sum(ecart_eur) as ecart_eur,
        {{ texte_joint('comptes', 'comptes') }} as comptes
    from chapitres
    group by exercice, siret, sens_budgetaire
)

select {{ constat('PES-COTE', ou='source', sujet='source', effet='manque') }}
from cotes
union all
select
    {{ constat(
        'PES-TOTAL', ou='source', sujet='nom', attendu='annonce', recu='constate', ecart='constate - annonce', fichier='_fichier', ligne='_ligne',
        cle='quoi', valeurs={'quoi': 'quoi', 'unite': "case quoi when 'pieces' then 'pièces' else 'EUR' end"}
    ) }}
from annonces
union all
select
    {{ constat(
        'PES-TROU', ou='source', sujet='nom', recu='numero_bordereau', effet='réserve', fichier='_fichier', ligne='_ligne',
        montant_perdu='abs(cumul_annonce_eur - montant_lignes_eur - cumul_attendu_eur)', cle='nom',
        valeurs={'premier': 'premier_attendu', 'dernier': 'numero_bordereau - 1'}
    ) }}
from ruptures
where regle = 'PES-TROU'
union all
select
    {{ constat(
        'PES-CUMUL', ou='source', sujet='nom', attendu='cumul_attendu_eur + montant_lignes_eur', recu='cumul_annonce_eur',
        ecart='cumul_annonce_eur - cumul_attendu_eur - montant_lignes_eur', effet='réserve',
        montant_perdu='abs(cumul_annonce_eur - cumul_attendu_eur - montant_lignes_eur)', fichier='_fichier', ligne='_ligne', cle='nom',
        valeurs={'unite': "'EUR'"}
    ) }}
from ruptures
where regle = 'PES-CUMUL'
union all
select
    {{ constat(
        'PES-ORGANISME', ou='source', recu='siret_budget', fichier='fichier', cle='siret_budget', valeurs={'nb_bordereaux': 'nb_bordereaux'}
    ) }}
from origines
where est_autre
union all
select
    {{ constat(
        'PES-SIRET', ou='source', recu='siret_budget', effet='réserve', fichier='fichier', cle="coalesce(siret_budget, '')",
        valeurs={'nb_bordereaux': 'nb_bordereaux'}
    ) }}
from origines
where not est_autre
union all
select
    {{ constat(
        'PES-ACQUIT', ou="'pes/acquits'", sujet='nom_flux', effet="case when est_perdu then 'réserve' else 'rien' end",
        source="case code_sens when 'D' then 'pes/mandats' when 'R' then 'pes/titres' else 'pes/mandats|pes/titres' end",
        fichier='fichier', cle="concat_ws('/', code_sens, nom_flux)", valeurs={'est_accepte': 'est_accepte', 'est_perdu': 'est_perdu'}
    ) }}
from acquits_seuls
union all
select
    {{ constat(
        'PES-REFUSE', ou='source', sujet='nom', recu='montant_lignes_eur', fichier='_fichier', ligne='_ligne', cle='nom',
        severite="case when rang = 1 then 'alerte' else 'information' end", valeurs={'est_seul': 'rang = 1'}
    ) }}
from bordereaux
where motif = 'bordereau refusé par le comptable'
union all
select
    {{ constat(
        'PES-DOUBLE', ou='source', sujet='nom', fichier='_fichier', ligne='_ligne', cle="nom || ' ' || cast(rang as string)",
        severite="case when motif = 'bordereau envoyé deux fois' then 'information' else 'alerte' end",
        effet="case when motif = 'bordereau envoyé deux fois' or est_retenu_accepte then 'rien' else 'réserve' end",
        valeurs={'est_identique': "motif = 'bordereau envoyé deux fois'", 'est_retenu_accepte': 'est_retenu_accepte'}
    ) }}
from bordereaux
where
    motif in ('bordereau envoyé deux fois', 'bordereau remplacé par un autre envoi')
    and not est_a_trancher
union all
select
    {{ constat(
        'PES-HOMONYME', ou='source', sujet='nom', recu='montant_lignes_eur', effet='réserve', fichier='_fichier', ligne='_ligne',
        cle="nom || ' ' || cast(rang as string)"
    ) }}
from bordereaux
where est_a_trancher
union all
select
    {{ constat(
        'PES-EXERCICE', ou='source', exercice='case when est_suivie then exercice_bordereau else exercice end', sujet='nom',
        recu='nb_bordereaux', effet="case when est_suivie then 'réserve' else 'rien' end", montant_perdu='montant_eur', fichier='_fichier',
        ligne='_ligne', cle="cast(exercice as string) || '/' || cast(exercice_bordereau as string)",
        valeurs={'annee': 'exercice_bordereau', 'dossier': 'exercice'}
    ) }}
from d_autres_annees
where rang_annee = 1
union all
select
    {{ constat(
        'PES-COMPTE', ou="case sens_budgetaire when 'dépense' then 'pes/mandats' else 'pes/titres' end", sujet="'budget ' || siret",
        recu='nb_comptes', effet="case when ecart_eur = 0 then 'rien' else 'réserve' end", montant_perdu='ecart_eur', cle='siret',
        valeurs={'comptes': 'comptes'}
    ) }}
from ecarts
union all
select
    {{ constat(
        'PES-VOLUME', ou='volumes.source', exercice='volumes.exercice', attendu='precedents.nb_lignes', recu='volumes.nb_lignes',
        effet='réserve'
    ) }}
from volumes
inner join volumes as precedents on volumes.exercice = precedents.exercice + 1 and volumes.source = precedents.source
where precedents.nb_lignes >= 10 and volumes.nb_lignes * 2 < precedents.nb_lignes
